// Package ownobjects has small recipes of kinds that zklab does not know, a right and a wrong one of each,
// whose clients live in several ways. Between them, their declarations use each kind of rule of package
// object. Tests run them through the Go package and through the commands, as users do.
package ownobjects

import (
	"github.com/zklab/zklab/workloads"
)

// Declared is an object.Object of any subject.
type Declared interface{ Workload() workloads.Workload }

// Object is a kind of object.
type Object struct {
	Name string
	// Breaks is the property that the wrong one breaks.
	Breaks string
	// Faults bring the mistake to light; "" if it needs none.
	Faults string
	// Made declares the right or the wrong object, for clients that live in a certain way.
	Made func(life Life, wrong bool) Declared
}

// All lists the kinds of objects. Tests go through all of them, so a new kind needs only an entry here.
var All = []Object{
	{"own-numbers", "sequential", "", numbers},
	{"own-swap", "porcupine", "", swaps},
	{"own-lease", "sequential", "expire", leases},
	{"own-gate", "exclusion", "", gates},
	{"own-nested-gate", "exclusion", "", nestedGates},
	{"own-asked-gate", "lost", "expire:holder/300ms", askedGates},
	{"own-counted-gate", "tokens", "", countedGates},
	{"own-tried-gate", "exclusion", "", triedGates},
	{"own-line", "order", "", lines},
	{"own-heap", "integrity", "", heaps},
	{"own-tickets", "next-distinct", "", tickets},
	{"own-clock", "tick-rising", "", clocks},
	{"own-bank", "total", "", banks},
	{"own-setting", "sequential", "", settings},
	{"own-filed", "next-distinct", "", filed},
	{"own-pool", "loss", "expire:any/200ms", pools},
	{"own-worker", "claim-owned", "", workers},
	{"own-fence", "write-fenced", "", fences},
	{"own-desks", "bound", "", offices},
	{"own-tried-lease", "sequential", "", triedLeases},
	{"own-endless", "returns", "", endless},
	{"own-mail", "loss", "lose-reply:create/300ms", mails},
}
