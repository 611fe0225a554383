// Package looks has the colours and hatchings of clients, outcomes and faults, the same in all pictures of a run. It
// draws nothing, so that pages without plots have them, too.
package looks
