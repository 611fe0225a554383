// Package verdicts prints verdicts, on one run or on many: as a summary, as JSON, and as annotations for GitHub.
// It turns verdicts and gates into exit codes. All commands that run or read an experiment print through it.
package verdicts
