// Package sessions decides what the servers themselves promise to sessions ("Programmer's
// Guide, Consistency Guarantees"): one property for each promise. Package promises has
// the procedures; this one declares them, and hands the record on.
package sessions
