pub mod words;

pub mod lists;

pub mod policy;
