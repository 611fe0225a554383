package entry

import (
	"strings"

	"github.com/zklab/zklab/workloads"
)

// Program is a program in any language whose own classes run behind its adapter, in real time and in processes of their
// own.
type Program struct {
	Folder  string // below catalog/originals
	Name    string // with its version: "kazoo 2.8.0"
	Adapter string // the file of the adapter, from the root of the repository
	Command string // the command of the adapter, as typed there; ARGUMENTS stands for the arguments of a class
	Classes []Class
}

// Class is a class of a program, which the adapter serves as one of zklab's kinds.
type Class struct {
	Name      string // of the class; each once in a program
	Workload  workloads.Workload
	Object    string // the file that declares its kind, if zklab does not know it and there is no Workload
	Arguments string // of the command, for a second class of the same kind; or ""
	// Port is the folder of the entry that was written after the class, or "". Both get the same verdict.
	Port     string
	Mistakes []Cause // why its runs violate properties; empty if none does
}

// Cause tells why a class violates properties.
type Cause struct {
	Breaks []string // the properties
	Why    string   // the method, what happens in it, and whether that is known: sentences
}

// CommandOf returns the command of the adapter that serves a class.
func (p Program) CommandOf(c Class) string {
	return strings.ReplaceAll(p.Command, "ARGUMENTS", c.Arguments)
}

// Explained returns the properties whose violation a class explains.
func (c Class) Explained() (properties []string) {
	for _, m := range c.Mistakes {
		properties = append(properties, m.Breaks...)
	}
	return properties
}
