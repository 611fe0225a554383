// Package sessions decides what the servers themselves promise to sessions ("Programmer's
// Guide, Consistency Guarantees"): one property for each promise. Package promises has
// the procedures; this package declares the properties, and passes the record on.
package sessions
