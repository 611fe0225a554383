package container

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// owner is the process that a run belongs to, precisely enough to say later
// whether it still lives: process ids are used again.
type owner struct {
	pid   int
	start string // the process's start, in clock ticks since boot; empty without /proc
	host  string // name of the machine, or of the container that the process is in
	boot  string // of the machine; empty without /proc
	pidns string // the process ids' name space; empty without /proc
}

// self is this process.
func self() owner {
	o := owner{pid: os.Getpid(), boot: bootID()}
	o.start, _ = processStart(o.pid)
	o.host, _ = os.Hostname()
	o.pidns, _ = os.Readlink("/proc/self/ns/pid")
	return o
}

// life is what can be known of an owner.
type life int

const (
	unknown life = iota // it ran, or runs, where this process cannot see
	alive
	dead
)

// lives says whether the owner is alive, as seen by observer.
func (o owner) lives(observer owner) life {
	switch {
	case o.pid <= 0 || o.host != observer.host:
		return unknown
	case o.boot != observer.boot:
		return dead // the machine was started again
	case o.pidns != observer.pidns:
		return unknown
	case o.start == "":
		return lifeOfPid(o.pid)
	}
	if start, err := processStart(o.pid); err != nil || start != o.start {
		return dead
	}
	return alive
}

// lifeOfPid asks the system alone, which cannot tell a process from a later one
// with its id.
func lifeOfPid(pid int) life {
	p, err := os.FindProcess(pid)
	if err != nil {
		return dead
	}
	defer p.Release()
	if err := p.Signal(syscall.Signal(0)); errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return dead
	}
	return alive
}

func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id))
}

var errEnded = errors.New("the process has ended")

// processStart reads when a process was started: field 22 of its stat (proc(5)),
// counted behind the command's name, which may hold anything. A zombie has ended.
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
