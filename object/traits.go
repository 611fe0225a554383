package object

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/zklab/zklab/checker/declared"
)

// Holds is the rule that [Exclusive] returns. Its methods change the rule and return it; call them before
// [Object.Workload].
type Holds[S, R any] struct {
	place
	begin, end, confirm *operation
	nested              bool
	places              int // how many clients may hold at once; 0: one
	token               func(R) int64
	wrong               error // what is wrong with the arguments of Confirm, Token or AtMost
}

// Exclusive is the rule that begin begins an exclusive hold of the object, as the Lock of a mutex does,
// and end ends it. zklab checks the same as for its own locks (docs/checking.md): exclusion, belief,
// progress and grant; with [Holds.Confirm], lost; and with [Holds.Token], tokens. No model is needed.
//
// A hold begins when begin is answered. If begin answers a bool, false means that it did not begin.
// It ends when end is called, unless that call certainly had no effect, and with the session of its
// client, or its process. Clients call end once for each begin, even after the session of the hold
// has ended: then at the latest before the next begin. If the call fails, they do not repeat it. So
// a specification besides this rule must allow the end of a hold that ended with its session.
//
// Unless [Op.When] says otherwise, a client calls begin when it does not hold, and end when it does. A
// client that holds an object calls no other object until it has ended the hold. At the end of the load
// it ends its holds.
func Exclusive[S, A, R, B, Q any](begin *Op[S, A, R], end *Op[S, B, Q]) *Holds[S, R] {
	return &Holds[S, R]{place: here(), begin: operationOf(begin), end: operationOf(end)}
}

// Nested declares that a client may begin a hold again while it holds (a reentrant lock), and that
// it holds until it has ended each of them. Unless [Op.When] says otherwise, clients begin a hold
// up to three times.
func (h *Holds[S, R]) Nested() *Holds[S, R] { h.nested = true; return h }

// AtMost declares that up to n clients may hold the object at once, as the leases of a semaphore. zklab then checks the
// same as for its own semaphores: bound, instead of exclusion and belief. A client has one hold at a time, without a token.
func (h *Holds[S, R]) AtMost(n int) *Holds[S, R] {
	if h.places = n; n < 1 {
		h.wrong = fmt.Errorf("AtMost(%d) lets no client hold: expected 1 or more", n)
	}
	return h
}

// Confirm declares the operation that asks whether its client still holds. It must answer false from a second
// after its client was told that the session of the hold is over: that is the property lost.
func (h *Holds[S, R]) Confirm(o *Op[S, None, bool]) *Holds[S, R] {
	if h.confirm = operationOf(o); o == nil {
		h.wrong = errors.New("the operation of Confirm is nil")
	}
	return h
}

// Token declares that holds have fencing tokens, which rise from hold to hold. f returns the token in an answer
// of begin, or 0 if it has none.
func (h *Holds[S, R]) Token(f func(answer R) int64) *Holds[S, R] {
	if h.token = f; f == nil {
		h.wrong = errors.New("the function of Token is nil")
	}
	return h
}

// mostNested is how deep clients hold by default.
const mostNested = 3

func (h *Holds[S, R]) rules(operations []*operation) ([]declared.Rule, error) {
	begin, err := named(operations, h.begin, "Exclusive")
	if err != nil {
		return nil, err
	}
	end, err := named(operations, h.end, "Exclusive")
	switch {
	case err != nil:
		return nil, err
	case h.wrong != nil:
		return nil, h.wrong
	case begin == end:
		return nil, fmt.Errorf("operation %q both begins and ends an exclusive hold: name two operations", begin.name)
	case h.places > 1 && (h.nested || h.token != nil):
		return nil, fmt.Errorf("Exclusive has AtMost(%d), and Nested or Token: leave one out", h.places)
	}
	begin.traits.Begins, begin.traits.Waits, end.traits.Ends = true, true, true
	begin.load.EndedBy = end.name
	hold := declared.Hold{Begin: begin.name, End: end.name, Nested: h.nested, Places: h.places}
	if h.confirm != nil {
		confirm, err := named(operations, h.confirm, "Confirm")
		if err != nil {
			return nil, err
		}
		confirm.traits.Affirms, hold.Confirm = true, confirm.name
	}
	if h.token != nil {
		hold.Token = func(answer json.RawMessage) int64 {
			var got R
			if decode(answer, &got) != nil {
				return 0
			}
			return h.token(got)
		}
	}
	most := 1
	if h.nested {
		most = mostNested
	}
	if begin.load.When == nil {
		begin.load.When = func(d *Draw) bool { return d.Held < most }
	}
	if end.load.When == nil {
		end.load.When = func(d *Draw) bool { return d.Held > 0 }
	}
	return declared.Exclusive(hold), nil
}

// Items is the rule that [Queue] returns.
type Items struct {
	place
	put, take *operation
	unordered bool
}

// Queue is the rule that put puts an item into the object, which is its argument, and take takes an
// item out, which is its answer. zklab checks the same as for its own queues (docs/checking.md):
// integrity (nothing comes out twice, or without having been put in), loss, and order. Each item
// must be put only once: draw it with [Unique].
//
// take answers the type of items, or a pointer to it. An answer of nil or of an empty text means that
// there was no item. After the load, clients call take until it answers that, or fails; without such an
// answer, an item that never came out is not lost.
func Queue[S, A, R, B, Q any](put *Op[S, A, R], take *Op[S, B, Q]) *Items {
	return &Items{place: here(), put: operationOf(put), take: operationOf(take)}
}

// Unordered declares that items may come out in any order.
func (q *Items) Unordered() *Items { q.unordered = true; return q }

func (q *Items) rules(operations []*operation) ([]declared.Rule, error) {
	put, err := named(operations, q.put, "Queue")
	if err != nil {
		return nil, err
	}
	take, err := named(operations, q.take, "Queue")
	switch {
	case err != nil:
		return nil, err
	case put.argument == reflect.TypeFor[None]():
		return nil, fmt.Errorf("operation %q puts its argument in, but has none: draw it with Unique", put.name)
	case take.answer != put.argument && take.answer != reflect.PointerTo(put.argument):
		return nil, fmt.Errorf("operation %q answers %s, but %q puts %s in: expected the same type, or a pointer to it", take.name, take.answer, put.name, put.argument)
	}
	put.traits.Puts, take.traits.Takes = true, true
	return declared.Queued(declared.Items{Put: put.name, Take: take.name, Unordered: q.unordered, Waits: take.waits}), nil
}

// Distinct is the rule that no two answers of an operation for the same object are equal. It is named
// after the operation: "next-distinct".
func Distinct[S, A, R any](o *Op[S, A, R]) Rule {
	return answers{here(), "Distinct", operationOf(o), declared.Distinct}
}

// Number is a type of numbers.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Rising is the rule that no answer of an operation is less than one that was given for the same object
// before the call began. It is named after the operation: "next-rising".
func Rising[S, A any, R Number](o *Op[S, A, R]) Rule {
	return answers{here(), "Rising", operationOf(o), declared.Rising}
}

// answers is a rule about the answers of one operation.
type answers struct {
	place
	name string
	of   *operation
	rule func(string) []declared.Rule
}

func (a answers) rules(operations []*operation) ([]declared.Rule, error) {
	o, err := named(operations, a.of, a.name)
	switch {
	case err != nil:
		return nil, err
	case o.answer == reflect.TypeFor[None]():
		return nil, fmt.Errorf("%s compares the answers of operation %q, but it has none", a.name, o.name)
	}
	return a.rule(o.name), nil
}

func operationOf[S, A, R any](o *Op[S, A, R]) *operation {
	if o == nil {
		return nil
	}
	return &o.operation
}
