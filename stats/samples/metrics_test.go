package samples

import (
	"reflect"
	"testing"
	"time"

	"github.com/zklab/zklab/stats/measured"
)

// Every field of samples that has times belongs to a measure, and to one only.
func TestMeasuresAreComplete(t *testing.T) {
	s := &Samples{}
	fields := 0
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			if times, ok := v.Interface().(*measured.Times); ok {
				fields++
				times.Add(measured.Bound{Time: time.Duration(fields) * time.Millisecond}, 1)
				return
			}
			fill(v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					fill(v.Field(i))
				}
			}
		case reflect.Map:
			if v.Type().Key().Kind() == reflect.String {
				v.Set(reflect.MakeMap(v.Type()))
				element := reflect.New(v.Type().Elem()).Elem()
				fill(element)
				v.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), element)
			}
		}
	}
	fill(reflect.ValueOf(s).Elem())

	told := map[time.Duration]int{}
	for _, m := range Measures() {
		for _, part := range m.Parts(s) {
			for b, n := range m.Times(s, part).All() {
				told[b.Time] += n
			}
		}
	}
	if fields < 10 || len(told) != fields {
		t.Errorf("measures tell %v, of %d fields with times", told, fields)
	}
	for at, n := range told {
		if n != 1 {
			t.Errorf("the time of field %d is told %d times", at/time.Millisecond, n)
		}
	}
}
