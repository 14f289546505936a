pub mod words;

pub mod lists;

pub mod policy;

pub mod config;

pub mod net;

pub mod journal;
pub mod people;
pub mod resolve;

pub mod gate;

pub mod reload;
