// Package models declares the kinds of objects that zklab tests: their operations with their
// traits, the types of their values, and the words for them. Checks, statistics and reports use
// these declarations. The package reads histories and decides nothing.
//
// Each object is declared in its own file:
//
//	var Queue = &Model{Name: …, Operations: …}
//
// and has a line in [All].
package models

import (
	"slices"
	"strings"
	"sync"

	"github.com/zklab/zklab/history"
)

// Model is a kind of object. It never changes after its declaration, so it is safe for concurrent
// use.
type Model struct {
	Name  string // name in histories, folders and on the command line
	About string // a short description
	// Called is the name of the subject in sentences. If empty, it is "the " and Name.
	Called string
	// Page is the page of docs/recipes that describes the object, if it has none of its own.
	Page  string
	State State
	// Stay says, in the past tense, what a client does between the operations that begin and end a
	// stay. For a barrier, it is "up" and describes the barrier itself.
	Stay string
	// Sessions means that the correctness of operations also depends on sessions. Checks that look
	// at operations alone would accuse correct recipes.
	Sessions bool
	// Parts means that an operation uses some parts of its key, so that concurrent holders of a key
	// need not conflict.
	Parts bool
	// Rounds means that each key is used for one round only.
	Rounds bool
	// Store means that the model is ZooKeeper itself rather than a recipe.
	Store bool
	// Keyless means that all keys count as one, since the promises are made to sessions.
	Keyless bool
	// OnZnodes means that objects consist of znodes that the transaction log covers.
	OnZnodes bool
	// Packs means that checks and figures look at one key after the other, or at operations in passing, so
	// that the record of a large run can be packed (history.OpenPacked).
	Packs      bool
	Operations []Operation
	// Others has the traits of operations that are not listed; nil if there are none.
	Others *Operation
}

// State is the kind of state that an object has between operations, as a timeline shows it.
type State int

// The kinds of state.
const (
	Value     State = iota // the last written value
	Exclusive              // one client holds the object
	Shared                 // a limited number of clients hold it
	ReadWrite              // many clients hold it to read, or one to write
	Entered                // clients are inside
	Raised                 // the object is up, for all clients
	Filled                 // the object contains items
)

// Operation is one operation of a model.
type Operation struct {
	F string // history.Event.F

	Local   bool // answered in the harness's memory: evidence, not load
	Waits   bool // may have to wait for other clients
	Begins  bool // its ok begins a stay; a hold's values are Wish and Grant
	Ends    bool // its invocation ends a stay; a hold's value is Held
	Affirms bool // asks whether the stay still lasts: ok Held
	Puts    bool // puts an item in: invoke Item
	Takes   bool // takes an item out: ok Item, if the answer names it
	Lessens bool // turns a hold into one for reading
	Writes  bool // writes to the resource that a hold guards: ok Written
	Reads   bool // reads the store in the way that its HowRead names
	Settles bool // once a client got an answer, every client that asks again gets one

	Unbounded bool // may go on after its context has ended

	// Quorum reports whether the operation, if it succeeds, proves that the ensemble serves writes
	// again; nil means never. An answer that one server can give alone proves nothing. An operation
	// rejected through no fault of the servers does not count.
	Quorum func(op *history.Operation) bool

	Words Words
	// Tell fills the values of an operation into its words and returns the values that readers of
	// all models use; nil if there are none.
	Tell func(op *history.Operation, w *Words) Values
}

// Values are the values that readers of all models use. Values that an operation does not have are
// zero.
type Values struct {
	Token    history.ID // of a hold
	Held     bool       // the client believed that it held
	Accepted bool       // the resource accepted the write
	Item     string
	Parts    []string // requested parts of the key
	// Data holds what the operation wrote to the object's own znode or, if Seen, the data that its
	// answer showed there; nil if it is unknown or there is none.
	Data *string
	Seen bool
}

// all has each model, in order of name.
var all = []*Model{
	Barrier,
	Cache,
	Config,
	Counter,
	DelayQueue,
	Discovery,
	DoubleBarrier,
	Election,
	JobQueue,
	Lock,
	MasterWorker,
	Membership,
	MultiLock,
	Partitioner,
	PriorityQueue,
	Queue,
	Register,
	RWLock,
	Semaphore,
	Session,
	TwoPhaseCommit,
}

// All returns the models, in order of name.
func All() []*Model { return slices.Clone(all) }

// Declared is a program's declaration of its own kind of object. It travels with the header of
// the histories of such objects (history.Header.Declared).
type Declared interface {
	history.Declared
	// Model returns the operations with their traits and words: the same model at each call.
	Model() *Model
	// Properties lists the names of the properties that the declaration decides, in their order.
	Properties() []string
	// Err returns what is wrong with the declaration, in one line, or nil.
	Err() error
	// Source returns a Go expression for the workload, for a test that repeats a run.
	Source() string
}

// Known reports whether zklab itself declares a model of that name.
func Known(name string) bool { return known(name) != nil }

// known returns the model that zklab declares with that name, or nil.
func known(name string) *Model {
	i, ok := slices.BinarySearchFunc(all, name, func(m *Model, name string) int { return strings.Compare(m.Name, name) })
	if !ok {
		return nil
	}
	return all[i]
}

// Named returns zklab's model of that name. If there is none, the returned model accepts any
// operation, without traits and words. If the name is empty, each operation has the traits of the
// lock's operation with the same name or, if a lock has none, of another model's.
func Named(name string) *Model {
	switch m := known(name); {
	case m != nil:
		return m
	case name == "":
		m := anyModel()
		return &m
	}
	return &Model{Name: name, Others: &Operation{}}
}

var anyModel = sync.OnceValue(func() Model {
	m := Model{State: Exclusive, Stay: Lock.Stay, Others: &Operation{}, Operations: slices.Clone(Lock.Operations)}
	for _, other := range all {
		m.Operations = append(m.Operations, other.Operations...)
	}
	return m
})

// Of returns the model of a history.
func Of(h *history.History) *Model { return OfHeader(h.Header) }

// OfHeader returns the model for histories that begin with a header: the one that the header declares
// (see object.Declaration), or otherwise zklab's model of that name.
func OfHeader(h history.Header) *Model {
	if d, ok := h.Declared.(Declared); ok {
		return d.Model()
	}
	return Named(h.Model)
}

// Operation returns the traits of an operation, which must not be changed. They are zero if the
// model does not know it.
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

// Held reports whether clients have holds of the object: one at a time, or a limited number.
func (m *Model) Held() bool {
	return m.State == Exclusive || m.State == Shared || m.State == ReadWrite
}

// Knows reports whether an operation belongs to the model. Checks ignore all others.
func (m *Model) Knows(f string) bool {
	return m.Others != nil || slices.ContainsFunc(m.Operations, func(o Operation) bool { return o.F == f })
}

// Subject returns the name of the subject in sentences.
func (m *Model) Subject() string {
	if m.Called != "" {
		return m.Called
	}
	return "the " + m.Name
}

// Grants reports whether an operation grants a hold of the object, if it succeeds.
func (m *Model) Grants(f string) bool { return m.Held() && m.Operation(f).Begins }

// Releases reports whether an operation releases a hold of the object.
func (m *Model) Releases(f string) bool { return m.Held() && m.Operation(f).Ends }

// NeedsQuorum calls the operation's Quorum.
func (m *Model) NeedsQuorum(op *history.Operation) bool {
	needs := m.Operation(op.F).Quorum
	return needs != nil && needs(op)
}

func always(*history.Operation) bool { return true }
