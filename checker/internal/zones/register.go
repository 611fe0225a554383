// Package zones has the procedures that decide histories of zklab and of other tools. [Register] decides whether
// the operations of a register whose values are all different are linearizable; [Free] and [Cover] decide queues
// that return their best item.
//
// In a register, a chain is a value with its reads, the value that a compare-and-set made of it with its reads,
// and so on: nothing else can come between them. For a chain, f is the earliest end of its
// operations, and s the latest beginning: if f < s, the chain fills the time between them. Two
// chains contradict each other if and only if each has an operation that ended before an operation
// of the other began (Gibbons and Korach 1997, extended to compare-and-set).
package zones

import "math"

// Register holds what happened to a register.
type Register struct {
	Len int // how many operations there are
	// Op writes an operation to *o. It is called first for each operation in order, and then for
	// those that a finding describes. Values are numbers from 0 without large gaps.
	Op      func(i int32, o *Op)
	Initial int32 // the value at the beginning
	// Span describes an operation, and Value a value, for people.
	Span  func(op int32) string
	Value func(value int32) string
	// Scratch is working memory, which several registers may use one after another;
	// nil: new memory.
	Scratch *Scratch
}

// Scratch is the working memory of [Register.Decide]. The zero value is empty. One
// goroutine may use it at a time.
type Scratch struct {
	values  []value
	chains  []chain
	filling []int32
}

// Kind is the kind of an operation.
type Kind uint8

// The kinds of operations. The zero value has no consequences.
const (
	Nothing Kind = iota
	Read         // of A
	Write        // of A
	CAS          // from A to B
)

// Never is the Ret of an operation whose outcome is unknown: it may take effect
// at any time from its invocation on, or never.
const Never = math.MaxInt32

// Op is one operation. Inv and Ret are its places in the order of all events, or times: only their
// order matters.
type Op struct {
	Inv, Ret int32
	A, B     int32
	Kind     Kind
}

// Unknown reports whether the outcome is unknown.
func (o *Op) Unknown() bool { return o.Ret == Never }

// Result is the result for a register.
type Result uint8

// The results.
const (
	Explained    Result = iota // some order explains everything
	Violated                   // no order does
	Inapplicable               // a value was written more than once
)

// Finding is the answer. Reason is for people. Counterexample lists the fewest
// operations that show a violation, in order.
type Finding struct {
	Result         Result
	Reason         string
	Counterexample []int32
}

// Effect returns the value that an operation writes; false if it writes none.
func (o *Op) Effect() (value int32, ok bool) {
	switch {
	case o.Kind == Write:
		return o.A, true
	case o.Kind == CAS && o.A != o.B:
		return o.B, true
	}
	return 0, false
}

// observes returns the value that an operation finds; false if it finds none. A
// compare-and-set of a value to itself is a read.
func (o *Op) observes() (value int32, ok bool) {
	return o.A, o.Kind == Read || o.Kind == CAS
}
