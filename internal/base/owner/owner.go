// Package owner finds out whether the process that made something still lives, although process ids are
// reused and machines are restarted. It does not know what was made.
package owner

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Process is a process, named precisely enough to say later whether it still lives.
type Process struct {
	PID   int    `json:"pid"`
	Start string `json:"start,omitempty"` // in clock ticks since boot; empty without /proc
	Host  string `json:"host"`            // name of the machine, or of the container that the process is in
	Boot  string `json:"boot,omitempty"`  // of the machine; empty without /proc
	PidNS string `json:"pidns,omitempty"` // the process ids' name space; empty without /proc
}

// Self returns this process.
func Self() Process {
	p := Process{PID: os.Getpid(), Boot: bootID()}
	p.Start, _ = processStart(p.PID)
	p.Host, _ = os.Hostname()
	p.PidNS, _ = os.Readlink("/proc/self/ns/pid")
	return p
}

// Life is what is known of a process.
type Life int

// What can be known.
const (
	Unknown Life = iota // it ran, or runs, where the observer cannot see
	Alive
	Dead
)

// Lives returns whether the process is alive, as far as observer can know.
func (p Process) Lives(observer Process) Life {
	switch {
	case p.PID <= 0 || p.Host != observer.Host:
		return Unknown
	case p.Boot != observer.Boot:
		return Dead // the machine was started again
	case p.PidNS != observer.PidNS:
		return Unknown
	case p.Start == "":
		return lifeOfPid(p.PID)
	}
	if start, err := processStart(p.PID); err != nil || start != p.Start {
		return Dead
	}
	return Alive
}

// lifeOfPid asks the system about an id only, so it takes a later process with the same id
// for the process itself.
func lifeOfPid(pid int) Life {
	p, err := os.FindProcess(pid)
	if err != nil {
		return Dead
	}
	defer p.Release()
	if err := p.Signal(syscall.Signal(0)); errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return Dead
	}
	return Alive
}

func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id))
}

var errEnded = errors.New("the process has ended")

// processStart reads when a process was started: field 22 of its stat (proc(5)), counted from the end
// of the command's name, which may hold anything. A zombie has ended.
func processStart(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const state, start = 0, 22 - 3 // the third field comes first
	if len(fields) <= start {
		return "", errors.New("unreadable stat of a process")
	}
	if strings.ContainsAny(fields[state], "ZX") {
		return "", errEnded
	}
	return fields[start], nil
}
