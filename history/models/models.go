// Package models says what there is to know of each kind of object that zklab tests: its
// operations with their traits, the values that they carry, and the words for them. It reads
// histories and decides nothing; checks, statistics and reports go by what is declared here.
//
// Each object has a file of its own, which declares it:
//
//	var Queue = declare(Model{Name: …, Operations: …})
package models

import (
	"slices"
	"strings"
	"sync"

	"github.com/zklab/zklab/history"
)

// Model is a kind of object. What is declared is not changed any more, so it is safe for
// concurrent use.
type Model struct {
	Name  string // as histories, folders and the command line have it
	About string // in a few words
	// Called is what a sentence calls the one under test; "the " and the name if empty.
	Called string
	State  State
	// Stay is what a client does from an operation that begins a stay to the one that ends it,
	// in the past tense; "up" is what a barrier is.
	Stay string
	// Sessions says that it is up to sessions, too, whether an operation was right: models that
	// know of operations alone accuse right recipes.
	Sessions bool
	// Parts says that an operation concerns some parts of its key, so that those who have it at
	// one time need not be in each other's way.
	Parts bool
	// Rounds says that a key is used for one round and never again.
	Rounds bool
	// Store says that it is the store itself, and no recipe.
	Store bool
	// Keyless says that all keys are one: what is promised is promised to sessions.
	Keyless bool
	// OnZnodes says that an object is made of znodes of which the transaction log tells.
	OnZnodes   bool
	Operations []Operation
	// Others are the traits of operations that are not listed; nil: there are none.
	Others *Operation
}

// State is what there is of an object between operations: what a timeline of it shows.
type State int

// The states.
const (
	Value     State = iota // what was written last
	Exclusive              // one client has it
	Shared                 // so many clients have it
	ReadWrite              // many clients have it to read, or one to write
	Entered                // clients are inside
	Raised                 // it is up, for everybody
	Filled                 // items are in it
)

// Operation is one operation of a model.
type Operation struct {
	F string // history.Event.F

	Local   bool // answered in the harness's memory: evidence, not load
	Waits   bool // may have to wait for what others do
	Begins  bool // begins a stay, with its ok
	Ends    bool // ends a stay, with its invocation
	Affirms bool // asks whether the stay goes on
	Puts    bool // puts an item in
	Takes   bool // takes an item out

	// Quorum says whether the operation, had it succeeded, would prove that the ensemble serves
	// writes again; nil: never. What one server answers alone does not, and what was refused for
	// no fault of the servers does not count.
	Quorum func(op *history.Operation) bool

	Words Words
	// Tell puts the values of an operation into its words, and gives those that readers of all
	// models go by; nil: it has none.
	Tell func(op *history.Operation, w *Words) Values
}

// Values are what readers of all models go by. What an operation has not is zero.
type Values struct {
	Token    history.ID // of a hold
	Held     bool       // the client took itself for the holder
	Accepted bool       // the resource took the write
	Item     string
	Parts    []string // of the key, that it asks for
	// Data is what the operation wrote to the object's own znode, or, if Seen, what it was
	// answered that was there; nil: that is not known, or it did neither.
	Data *string
	Seen bool
}

var declared = map[string]*Model{}

func declare(m Model) *Model {
	declared[m.Name] = &m
	return &m
}

// All are the models, in order of name.
func All() []*Model {
	all := make([]*Model, 0, len(declared))
	for _, m := range declared {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Named gives the model of that name. One that is not declared may have any operation; what is
// called like one of a lock's, or else of any other model's, counts as that.
func Named(name string) *Model {
	if m := declared[name]; m != nil {
		return m
	}
	m := anyModel()
	m.Name = name
	return &m
}

var anyModel = sync.OnceValue(func() Model {
	m := Model{State: Exclusive, Stay: Lock.Stay, Others: &Operation{}, Operations: slices.Clone(Lock.Operations)}
	for _, other := range All() {
		m.Operations = append(m.Operations, other.Operations...)
	}
	return m
})

// Of gives the model of a history.
func Of(h *history.History) *Model { return Named(h.Header.Model) }

// Operation gives the traits of an operation, which are not to be changed. Those of one that
// the model does not know are zero.
func (m *Model) Operation(f string) *Operation {
	for i := range m.Operations {
		if m.Operations[i].F == f {
			return &m.Operations[i]
		}
	}
	if m.Others != nil {
		return m.Others
	}
	return &Operation{}
}

// Held says that what clients have of it are holds: one of them at a time, or so many.
func (m *Model) Held() bool {
	return m.State == Exclusive || m.State == Shared || m.State == ReadWrite
}

// Knows says whether an operation is one of the model's: the others mean nothing to its checks.
func (m *Model) Knows(f string) bool {
	return m.Others != nil || slices.ContainsFunc(m.Operations, func(o Operation) bool { return o.F == f })
}

// Subject is what a sentence calls the one under test.
func (m *Model) Subject() string {
	if m.Called != "" {
		return m.Called
	}
	return "the " + m.Name
}

// NeedsQuorum says of an operation of the model what [Operation] calls Quorum.
func (m *Model) NeedsQuorum(op *history.Operation) bool {
	needs := m.Operation(op.F).Quorum
	return needs != nil && needs(op)
}

func always(*history.Operation) bool { return true }
