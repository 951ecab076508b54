// Under c8, only this process is measured. Programs that tests start load the same sources by another road, and tsx
// turns them into other text there; V8 merges both by position, and what was covered would count as not covered.
delete process.env.NODE_V8_COVERAGE;
