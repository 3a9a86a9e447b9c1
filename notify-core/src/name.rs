//! The name of a job, and the file name that it makes.
