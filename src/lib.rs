pub mod words;

pub mod lists;

pub mod policy;

pub mod config;

pub mod journal;
pub mod people;

pub mod gate;
