package subjects

import (
	"context"
	"encoding/json"

	"github.com/zklab/zklab/history/models"
)

// JSON is a value of an object that only its program knows.
type JSON struct{ json.RawMessage }

// IsZero reports whether there is no value.
func (v JSON) IsZero() bool { return v.RawMessage == nil }

// JSONOp is an operation of such an object.
type JSONOp = Op[any, JSON, JSON]

// NewJSONOp declares an operation. call gets nil for no argument, and returns nil for no answer.
func NewJSONOp(name string, call func(ctx context.Context, subject any, argument json.RawMessage) (json.RawMessage, error)) *JSONOp {
	return takes(name, func(subject any, ctx context.Context, argument JSON) (JSON, error) {
		answer, err := call(ctx, subject, argument.RawMessage)
		return JSON{answer}, err
	})
}

// JSONContract is the contract of the objects of a model that a program declares.
func JSONContract(m *models.Model, operations ...*JSONOp) *Contract[any, None] {
	k := &Contract[any, None]{model: m}
	for _, o := range operations {
		k.operations = append(k.operations, o)
	}
	return k
}
