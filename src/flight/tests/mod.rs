mod crowd;
mod walks;
mod world;
