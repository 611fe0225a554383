package declared

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/printable"
)

// This file shows states in a few characters. Of a long state, it shows only what
// changed.

// mostState is the length of a state in a step of an order, in characters.
const mostState = 60

// brief shows the state after an item. If that is long, brief shows only what the item
// changed.
func (o placed) brief() string {
	text := o.after.String()
	if len([]rune(text)) > mostState && o.after.of.show == nil && len(o.before.states) == 1 && len(o.after.states) == 1 {
		if change := changeOf(o.before.states[0], o.after.states[0]); change != "" {
			text = change
		}
	}
	return printable.Text(text, mostState)
}

// changeOf shows what changed between two states of one type; "" if it cannot tell.
func changeOf(before, after any) string {
	v, w := reflect.ValueOf(before), reflect.ValueOf(after)
	if !v.IsValid() || !w.IsValid() || v.Type() != w.Type() {
		return ""
	}
	switch after.(type) {
	case fmt.Stringer, fmt.Formatter, error: // these have their own texts
		return ""
	}
	switch v.Kind() {
	case reflect.Struct:
		return changedFields(v, w)
	case reflect.Map:
		return changedKeys(v, w)
	case reflect.Slice:
		return endsOf(w)
	}
	return ""
}

func shownAs(v reflect.Value) string { return fmt.Sprintf("%+v", v) }

func changedFields(v, w reflect.Value) string {
	var parts []string
	for i := range v.NumField() {
		if now := shownAs(w.Field(i)); now != shownAs(v.Field(i)) {
			parts = append(parts, v.Type().Field(i).Name+":"+now)
		}
	}
	return "{… " + strings.Join(parts, " ") + "}"
}

func changedKeys(v, w reflect.Value) string {
	var parts []string
	for it := w.MapRange(); it.Next(); {
		if old := v.MapIndex(it.Key()); !old.IsValid() || shownAs(old) != shownAs(it.Value()) {
			parts = append(parts, shownAs(it.Key())+":"+shownAs(it.Value()))
		}
	}
	for it := v.MapRange(); it.Next(); {
		if !w.MapIndex(it.Key()).IsValid() {
			parts = append(parts, "without "+shownAs(it.Key()))
		}
	}
	slices.Sort(parts)
	return "map[… " + strings.Join(parts, " ") + "]"
}

// endsOf shows the first and the last items of a long list.
func endsOf(w reflect.Value) string {
	const some = 2
	n := w.Len()
	if n <= 2*some+1 {
		return ""
	}
	var parts []string
	for _, i := range []int{0, 1, n - 2, n - 1} {
		parts = append(parts, shownAs(w.Index(i)))
	}
	return fmt.Sprintf("[%s … %s] (%d)", strings.Join(parts[:some], " "), strings.Join(parts[some:], " "), n)
}
