//! What the console shows, as values: each file is what one page has to know. Reading only; what people do is in [`deed`].

pub mod candidate;
pub mod connect;
pub mod deed;
pub mod now;
pub mod parked;
pub mod rules;
pub mod run;
pub mod runs;
pub mod trial;
