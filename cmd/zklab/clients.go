package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/prose"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects/adapter"
)

// waysOfClients are how --clients-as lets clients run.
var waysOfClients = []string{store.Goroutine, store.Process}

// clientCommand is the program that each client runs as; nil for clients within
// this process.
func clientCommand(x store.Experiment) ([]string, error) {
	switch {
	case !slices.Contains(waysOfClients, x.ClientsAs):
		return nil, valueError{field: "clients-as", problem: fmt.Sprintf("is %s, not %.60q", prose.List(waysOfClients, "or"), x.ClientsAs)}
	case x.SubjectCommand != "" && strings.TrimSpace(x.SubjectCommand) == "":
		return nil, valueError{field: "subject-command", problem: "names no command"}
	case x.SubjectCommand != "":
		return adapter.Shell(x.SubjectCommand), nil
	case x.ClientsAs == store.Goroutine || x.Simulate:
		return nil, nil // in a simulation processes are played
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, to run clients as: %w", err)
	}
	return []string{self, "worker", "--subject", x.Subject}, nil
}
