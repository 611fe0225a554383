// Package kinds describes each kind of fault to readers of a record: what it hits, what
// follows for sessions and clients, and how to tell it to people. It imports only package
// history, harms nothing, and keeps no state of a run.
//
// Package faults has a file for each kind that implements it. Checks, figures and reports
// use [TraitsOf] and [Named] and know no fault by its name.
package kinds
