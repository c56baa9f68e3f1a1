//! The scripts that run inside SPIRA's images, against the services they will meet, as real processes on loopback.
//!
//! Each script runs as its container has it: in a Python with the packages of its image, told by its variables alone
//! where things are. What it did is read from the stores themselves (`processes/*.py`), never from what it says.
//! `FerretDB` stands in for MongoDB; Python 3.11 for the images' 3.8 and 3.13.

mod claim;
mod data;
mod experiment;
mod experiment_cluster;
mod grammar;
mod guard;
mod link;
mod migrate;
mod model;
mod redeliver;
mod scene;
mod smoke;
mod spira;
mod variables;
mod wait;
