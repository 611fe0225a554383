package adapter

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config names the program to start, and its client. Command and Servers are
// required.
type Config struct {
	// Command is the program and its arguments; [Shell] makes one of a line.
	Command []string
	// Dir is its working directory; "" is the present one. Env is added to this process's
	// environment.
	Dir string
	Env []string

	// Client is the number of the client, from 0.
	Client int
	// Servers are host:port, to be tried in this order, and reachable from another process.
	// SessionTimeout is the timeout to ask for; 0 means 4 s.
	Servers        []string
	SessionTimeout time.Duration

	// OpenTimeout bounds how long the program may take to start and open a session; 0 means
	// 15 s.
	OpenTimeout time.Duration
	// Silence is how long it may write nothing while it owes an answer, at least to a ping;
	// 0 means 10 s. Time while it is frozen does not count.
	Silence time.Duration
	// CancelTimeout is how long a cancelled request may stay without an answer. 0 is no
	// limit: a recipe may be slow to give up while faults last, and the workload has its
	// own bound.
	CancelTimeout time.Duration
	// EndTimeout is how long it may take to close its session and end when it is asked to,
	// before it is killed; 0 means 5 s.
	EndTimeout time.Duration

	// Logf receives each line that the program writes to standard error; nil drops them. It
	// is called by one goroutine.
	Logf func(format string, args ...any)

	start func(Config) (*child, error) // nil: startChild
}

// Shell returns a Command that runs a line in sh, so that it may be written as in a
// terminal: quotes, variables, pipes. Everything that the shell starts is stopped and
// killed with it.
func Shell(line string) []string { return []string{"/bin/sh", "-c", line} }

// name returns the command as a person would write it.
func (c Config) name() string {
	if len(c.Command) == 3 && c.Command[0] == "/bin/sh" && c.Command[1] == "-c" {
		return c.Command[2]
	}
	return strings.Join(c.Command, " ")
}

func (c Config) withDefaults() Config {
	orElse(&c.SessionTimeout, 4*time.Second)
	orElse(&c.OpenTimeout, 15*time.Second)
	orElse(&c.Silence, 10*time.Second)
	orElse(&c.EndTimeout, 5*time.Second)
	if c.start == nil {
		c.start = startChild
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	return c
}

func orElse(field *time.Duration, value time.Duration) {
	*field = cmp.Or(*field, value)
}

// validate needs a Config with defaults filled in.
func (c Config) validate() error {
	if len(c.Command) == 0 || strings.TrimSpace(c.Command[0]) == "" {
		return errors.New("no adapter to start: give a program")
	}
	if len(c.Servers) == 0 {
		return errors.New("no servers for the adapter to connect to: give at least one, host:port")
	}
	if c.SessionTimeout < time.Millisecond || c.OpenTimeout < 0 || c.Silence < 0 || c.CancelTimeout < 0 || c.EndTimeout < 0 {
		return fmt.Errorf("session timeout %s, open %s, silence %s, cancel %s, end %s: none may be negative, and the session timeout must be at least a millisecond",
			c.SessionTimeout, c.OpenTimeout, c.Silence, c.CancelTimeout, c.EndTimeout)
	}
	return nil
}
