//! The bounds within which every template is rendered, so that a mistake ends in an error and not in a crash.

/// How many sections may be open within each other in one text.
pub(super) const MAX_SECTION_DEPTH: usize = 200;

/// How many partials may be open within each other.
pub(super) const MAX_PARTIAL_DEPTH: usize = 100;

/// How many sections and partials together may be open within each other.
pub(super) const MAX_DEPTH: usize = 500;

/// How large a rendered text may grow.
pub(super) const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// How many tags and pieces of text one rendering may print; a loop's tags count once a turn.
pub(super) const MAX_TAGS: usize = 5_000_000;

/// How many problems of one text's syntax are reported; reading ends at the last of them.
pub(super) const MAX_SYNTAX_PROBLEMS: usize = 100;
