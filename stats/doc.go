// Package stats measures a history: operations and their latencies, contention,
// what each fault did, and how long fail-over took. It may not decide anything,
// nor read or write files. Summary, report and plots take their figures from
// here.
//
// A [history.History] goes in. [Compute] gives the figures that are stored with
// a run; [Points] and [Windows] give what plots draw. All of them are pure functions:
// the same history gives the same figures.
package stats
