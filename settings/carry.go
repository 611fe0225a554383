package settings

import (
	"reflect"
	"strings"
)

// Of returns the settings in a struct: its fields with the name and the type of a field of
// Settings.
func Of(x any) (s Settings) {
	carry(reflect.ValueOf(x), reflect.ValueOf(&s).Elem())
	return s
}

// Into sets the fields of the struct that x points to whose name and type are those of a
// field of Settings.
func (s Settings) Into(x any) {
	carry(reflect.ValueOf(s), reflect.ValueOf(x).Elem())
}

// Over returns the settings, with defaults where they are zero.
func (s Settings) Over(defaults Settings) Settings {
	to, from := reflect.ValueOf(&s).Elem(), reflect.ValueOf(defaults)
	for i := range to.NumField() {
		if to.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return s
}

// carry sets each exported field of one struct that the other one has, too.
func carry(from, to reflect.Value) {
	for field, value := range to.Fields() {
		if same := from.FieldByName(field.Name); same.IsValid() && same.Type() == value.Type() && value.CanSet() {
			value.Set(same)
		}
	}
}

// goName returns the Go name of a flag such as time-limit.
func goName(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
