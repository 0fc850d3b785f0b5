//! Redis, which several servers share.
