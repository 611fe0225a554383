// Package gates has the bounds that metrics must stay below, such as failover(kill:leader).p95<10s: it
// parses them, and judges samples by them. A gate is undecided while too few measurements were made.
package gates
