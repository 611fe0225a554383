package contracts

import (
	"encoding/json"

	"github.com/zklab/zklab/history/models"
)

// JSON is a value of an object that a program declares: only that program knows its type.
type JSON struct{ json.RawMessage }

// IsZero reports whether there is no value.
func (v JSON) IsZero() bool { return v.RawMessage == nil }

// JSONOp is an operation of such an object, without the types of its values.
type JSONOp = Op[any, JSON, JSON]

// JSONContract returns the contract of the objects of a model that a program declares.
func JSONContract(m *models.Model, operations ...*JSONOp) *Contract[any, None] {
	k := &Contract[any, None]{model: m}
	for _, o := range operations {
		k.operations = append(k.operations, o)
	}
	return k
}
