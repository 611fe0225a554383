package faults

import (
	"fmt"
	"slices"
	"strings"
)

// Names lists the kinds of faults, in order.
func Names() []string { return []string{"expire", "pause"} }

// kinds gives for each kind what it does, the arguments that it takes, and the
// fault they make.
var kinds = map[string]struct {
	about string
	args  []string
	make  func(arg string) Fault
}{
	"pause": {
		about: "freezes servers: connections stay open, nothing is answered",
		args:  []string{string(One), string(Minority), string(Majority), string(Leader), string(All)},
		make:  func(arg string) Fault { return Pause{Nodes: Nodes(arg)} },
	},
	"expire": {
		about: "ends sessions of clients at once",
		args:  []string{string(Holder), string(Waiter), string(Anyone), string(Everyone)},
		make:  func(arg string) Fault { return Expire{Who: Who(arg)} },
	},
}

// About says in a few words what a kind of fault does.
func About(kind string) string { return kinds[kind].about }

// Arguments lists what may follow a kind's name and a colon.
func Arguments(kind string) []string { return kinds[kind].args }

// Parse reads a comma-separated list of faults as they are written on the
// command line: pause,expire:holder. The empty list is no fault.
func Parse(list string) ([]Fault, error) {
	var faults []Fault
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	for _, item := range strings.Split(list, ",") {
		f, err := parseOne(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		faults = append(faults, f)
	}
	return faults, nil
}

func parseOne(item string) (Fault, error) {
	name, arg, hasArg := strings.Cut(item, ":")
	kind, ok := kinds[name]
	if !ok {
		return nil, fmt.Errorf("unknown fault %q; known are %s", name, strings.Join(Names(), ", "))
	}
	if hasArg && !slices.Contains(kind.args, arg) {
		return nil, fmt.Errorf("fault %s knows no %q; it takes %s:%s", name, arg, name, strings.Join(kind.args, ", "+name+":"))
	}
	return kind.make(arg), nil
}
