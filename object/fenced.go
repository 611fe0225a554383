package object

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/zklab/zklab/checker/declared"
)

// Fenced is the rule that write is guarded by a fencing token: no write is done with a lower token than
// a write of the same object that had been done before it began. token returns the token in an
// argument. A write with a lower token answers false, or is refused ([Op.Refuses]). The rule is named
// after the operation: "write-fenced".
//
// The tokens of locks rise from hold to hold: see [Holds.Token].
func Fenced[S, A, R any](write *Op[S, A, R], token func(argument A) int64) Rule {
	f := fenced{place: here(), write: operationOf(write)}
	if token != nil {
		f.token = func(raw json.RawMessage) int64 {
			var argument A
			if len(raw) > 0 && decode(raw, &argument) != nil {
				return 0
			}
			return token(argument)
		}
	}
	return f
}

type fenced struct {
	place
	write *operation
	token func(json.RawMessage) int64
}

func (f fenced) rules(operations []*operation) ([]declared.Rule, error) {
	write, err := named(operations, f.write, "Fenced")
	switch {
	case err != nil:
		return nil, err
	case f.token == nil:
		return nil, errors.New("the function of Fenced is nil")
	case write.argument == reflect.TypeFor[None]():
		return nil, fmt.Errorf("Fenced is about the tokens in the argument of operation %q, but it has none", write.name)
	}
	return declared.Fenced(write.name, f.token), nil
}
