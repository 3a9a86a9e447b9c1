//! Tests of the whole core that run long, or simulate.

mod fuzz;
mod year;
