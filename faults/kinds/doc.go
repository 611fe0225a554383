// Package kinds says of each kind of fault what readers of a record go by: what it
// hits, what follows for sessions and clients, and how it is told. It imports nothing
// but package history, does nothing to anybody, and keeps nothing of a run.
//
// Package faults has a file for each kind with what it does. Checks, figures and
// reports ask [TraitsOf] and [Named] here, and know no fault by its name.
package kinds
