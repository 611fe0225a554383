package conformance

import (
	"regexp"
	"slices"
	"strings"
)

// sorted returns a copy in which all is sorted whose order ZooKeeper does not promise. Apache's servers keep the
// names of children and the ephemerals of a session in hash sets, whose order depends on the paths and on the
// version of Java. So they list names in any order, and delete the ephemerals of a closed session in any order.
//
// Recordings are compared with their order: it is that of Apache 3.9 on Java 21, and the embedded servers have it.
func (t Trace) sorted() Trace {
	t = slices.Clone(t)
	ends := false
	for i := 0; i < len(t); {
		if t[i].step != "" {
			ends = strings.Contains(t[i].step, closesSession)
		}
		n := 1
		for ends && i+n < len(t) && t[i].sameChange(t[i+n]) {
			n++
		}
		slices.SortFunc(t[i:i+n], func(a, b line) int { return strings.Compare(a.String(), b.String()) })
		t[i].fields = sortedNames(t[i].fields)
		i += n
	}
	return t
}

// sameChange reports whether two lines are events that one client gets of one transaction.
func (l line) sameChange(other line) bool {
	return l.event() && other.event() && l.who == other.who && l.valueOf("zxid") == other.valueOf("zxid")
}

// aName matches a name in a list.
var aName = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// sortedNames returns a copy of fields with the names in lists sorted.
func sortedNames(fields []field) []field {
	fields = slices.Clone(fields)
	for i, f := range fields {
		if strings.HasPrefix(f.name, "children") || strings.HasPrefix(f.name, "ephemerals") {
			names := aName.FindAllString(f.value, -1)
			slices.Sort(names)
			fields[i].value = "[" + strings.Join(names, " ") + "]"
		}
	}
	return fields
}
