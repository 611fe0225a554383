package adapter

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Subjects lists the subjects that [Serve] can make.
type Subjects struct {
	Name string // for people

	// Recipes are the makers, by the names of their workloads:
	//
	//	map[string]subjects.Maker{"lock": workloads.Lock{New: mylock.New}.Maker()}
	Recipes map[string]subjects.Maker

	// Connect opens a session with a library that has its own connections. If nil, the
	// session is one of go-zookeeper, the client's Conn. Makers get the same client, and
	// find the result of Connect with [subjects.Own]. Connect connects to c.Servers,
	// through c.Dial if the library allows it, and asks for the session timeout c.Timeout.
	// It sets that field to the timeout that the servers granted, and returns when there is
	// a session, or when ctx ends. If the library has a session for each object instead, makers
	// open them, and Connect returns a Connection without one.
	//
	// Errors are reported by their codes (docs/adapter-protocol.md, "Errors"): wrap
	// zk.ErrSessionExpired and similar errors, or return an [Error] with the code.
	Connect func(ctx context.Context, c *subjects.Client) (Connection, error)

	// Dial reaches the servers; nil means net.DialTimeout.
	Dial zk.Dialer
	// Logf receives the stack of a panic of a subject; nil drops it. It must be safe for
	// concurrent use.
	Logf func(format string, args ...any)
}

// Connection is a session that Connect of [Subjects] opened. If it is a [Toucher], the adapter offers touch.
type Connection interface {
	// Close closes the session. Its objects have been closed, unless a call of them is
	// stuck. Close should return when ctx ends; Serve waits for it at most a second longer.
	Close(ctx context.Context) error
}

// Toucher makes one quorum write on the session that changes nothing, such as a transaction
// with a single check of the path. With it, zklab can prove that a session was alive.
type Toucher interface {
	Touch(ctx context.Context, path string) error
}

// Serve runs the program's side of the protocol. It reads requests from in, carries them out on one
// connection to the ensemble, and writes answers to out, until in ends. If an answer cannot be
// written, it returns the error. It then closes the session and returns, within some seconds
// whatever the ensemble does. Calls get a context that ends with ctx.
func Serve(ctx context.Context, in io.Reader, out io.Writer, s Subjects) error {
	if s.Dial == nil {
		s.Dial = net.DialTimeout
	}
	if s.Logf == nil {
		s.Logf = func(string, ...any) {}
	}
	v := &server{subjects: s, ctx: ctx, out: out}
	v.session = newSession(v)
	v.read(in)
	v.session.end()
	return v.failed()
}

// server is the state of a Serve. It has one session after the other: quit ends a session, and the
// next open begins another.
type server struct {
	subjects Subjects
	ctx      context.Context
	session  *session // the present one; only the goroutine that reads uses it

	writing sync.Mutex
	out     io.Writer
	broken  error // the first error of out
}

// read reads requests until there are no more.
func (v *server) read(in io.Reader) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxLine+1)
	for lines.Scan() && v.failed() == nil {
		var req request
		if err := json.Unmarshal(lines.Bytes(), &req); err != nil {
			v.refuse(0, contracts.CodeBadRequest, "no request: %s", brief(lines.Bytes()))
			continue
		}
		switch req.Op {
		case opQuit:
			v.session.end()
			v.session = newSession(v)
			v.send(reply{ID: req.ID, OK: &result{}})
		case opPing:
			v.send(reply{ID: req.ID, OK: &result{}})
		case opCancel:
			v.session.cancel(req.ID)
		default:
			v.session.begin(req)
		}
	}
}

// refused returns the error for a request that is invalid, or invalid at this time.
func refused(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), noEffect: true}
}

// refuse answers requests that are not begun.
func (v *server) refuse(id int64, code, format string, args ...any) {
	v.send(reply{ID: id, Error: failed(refused(code, format, args...))})
}

func (v *server) send(r reply) {
	l, err := line(r)
	if err != nil { // a value that is too large
		l, _ = line(reply{ID: r.ID, Error: failed(err)})
	}
	v.writing.Lock()
	defer v.writing.Unlock()
	if v.broken == nil {
		_, v.broken = v.out.Write(l)
	}
}

func (v *server) failed() error {
	v.writing.Lock()
	defer v.writing.Unlock()
	return v.broken
}
