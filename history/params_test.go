package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// begun returns a record whose header has the parameters.
func begun(params string) string {
	return fmt.Sprintf(`{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"lock","params":%s}}`+"\n", params)
}

// numbers returns the names of all parameters that are numbers, as a file has them.
func numbers(t *testing.T) []string {
	var p Params
	for v, i := reflect.ValueOf(&p).Elem(), 0; i < v.NumField(); i++ {
		if v.Field(i).CanInt() { // the encoding leaves out a parameter that is 0
			v.Field(i).SetInt(1)
		}
	}
	text := must.Get(json.Marshal(p))(t)
	var all map[string]any
	must.Do(t, json.Unmarshal(text, &all))
	var names []string
	for name, value := range all {
		if _, ok := value.(float64); ok && name != "seed" { // every seed is possible
			names = append(names, name)
		}
	}
	for _, name := range []string{"clients", "servers", "session_timeout", "tick", "reconnect", "min_load", "parties", "leases"} {
		if !slices.Contains(names, name) {
			t.Fatalf("%s is not among %q", name, names)
		}
	}
	return names
}

// The error names a parameter that no run can have had.
func TestReadChecksParameters(t *testing.T) {
	for _, name := range numbers(t) {
		for _, value := range []int64{-1, math.MinInt64, math.MaxInt64, math.MaxInt64 - 1e9} {
			_, err := Read(strings.NewReader(begun(fmt.Sprintf(`{%q:%d}`, name, value))))
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("line 1: %s is %d: expected", name, value)) {
				t.Errorf("%s %d: %v", name, value, err)
			}
		}
		for _, value := range []int64{0, 1, math.MaxInt32} {
			if _, err := Read(strings.NewReader(begun(fmt.Sprintf(`{%q:%d}`, name, value)))); err != nil {
				t.Errorf("%s %d: %v", name, value, err)
			}
		}
	}
	if _, err := Read(strings.NewReader(begun(`{"seed":-9223372036854775808}`))); err != nil {
		t.Error(err)
	}
}

// FuzzReadHeader reads any parameters: what is read is possible, and can be written and
// read again.
func FuzzReadHeader(f *testing.F) {
	for _, s := range []string{`{}`, `{"session_timeout":-1}`, `{"parties":9223372036854775807}`, `{"clients":3,"servers":3,"tick":500000000,"expects":["pause:leader"]}`, `{"min_load":1e3}`, `null`, `[]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, params string) {
		h, err := Read(strings.NewReader(begun(params)))
		if err != nil {
			if text := err.Error(); strings.Contains(text, "\n") {
				t.Errorf("error is %q", text)
			}
			return
		}
		if err := h.Header.Params.Check(); err != nil {
			t.Errorf("%v was read", err)
		}
		var again strings.Builder
		must.Do(t, Write(&again, h))
		if _, err := Read(strings.NewReader(again.String())); err != nil {
			t.Errorf("%v\n%s", err, again.String())
		}
	})
}
