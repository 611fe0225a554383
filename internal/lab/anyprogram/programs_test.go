package anyprogram

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// ownPrograms are small programs, each with a test of its own: the process of this test binary acts as one of them when
// programEnv is set. Of each pair, wrong makes one mistake at a message.
var ownPrograms = map[string]func(servers string, wrong bool) error{"register": register, "count": count, "lock": contender(zk.FlagEphemeral).lock, "ticket": contender(0).lock, "loop": loop, "impatient": impatient, "two": two, "flaky": flaky, "past": past}

const programEnv = "ZKLAB_TEST_PROGRAM"

// act runs a program: its name and the servers are the arguments.
func act(args []string) (code int, err error) {
	name, wrong := strings.CutPrefix(args[0], "wrong-")
	if err := ownPrograms[name](args[1], wrong); err != nil {
		return 1, err
	}
	return 0, nil
}

// session is a client that is connected.
type session struct{ *zk.Conn }

func connect(servers string) (s session, err error) {
	const timeout = 4 * time.Second
	conn, events, err := zk.Connect(strings.Split(servers, ","), timeout, zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		return s, err
	}
	for e := range events {
		if e.State == zk.StateHasSession {
			break
		}
	}
	go func() {
		for range events { // its client must not wait for a reader
		}
	}()
	return session{conn}, nil
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// transient reports whether it is unknown what became of a request, or whether its session is over.
func transient(err error) bool {
	return slices.ContainsFunc([]error{zk.ErrConnectionClosed, zk.ErrNoServer, zk.ErrSessionMoved, zk.ErrSessionExpired, zk.ErrClosing}, func(t error) bool { return errors.Is(err, t) })
}

// retried calls do until its outcome is known. do gets true if it was called before.
func retried(do func(again bool) error) (err error) {
	const most = 20
	for n := range most {
		if err = do(n > 0); !transient(err) {
			return err
		}
	}
	return err
}

var everyone = zk.WorldACL(zk.PermAll)

// register creates the entry of a service, and its test reads it. The mistake: after a lost reply, the entry that the first
// create made looks like that of somebody else.
func register(servers string, wrong bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	const entry = "/service"
	if err := retried(func(again bool) error {
		_, err := s.Create(entry, []byte("me"), 0, everyone)
		if errors.Is(err, zk.ErrNodeExists) && again && !wrong {
			return nil
		}
		return err
	}); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return retried(func(bool) error {
		data, _, err := s.Get(entry)
		if err == nil && string(data) != "me" {
			return fmt.Errorf("the entry is %q", data)
		}
		return err
	})
}

// count adds one to a counter twice, and its test reads two. The mistake: after a lost reply, it reads the counter anew and
// adds one to what it has itself written.
func count(servers string, wrong bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	const counter = "/counter"
	if err := retried(func(again bool) error {
		_, err := s.Create(counter, []byte("0"), 0, everyone)
		if errors.Is(err, zk.ErrNodeExists) && again {
			return nil
		}
		return err
	}); err != nil {
		return err
	}
	for range 2 {
		if err := s.add(counter, wrong); err != nil {
			return err
		}
	}
	n, _, err := s.read(counter)
	if err == nil && n != 2 {
		return fmt.Errorf("the counter is %d, want 2", n)
	}
	return err
}

// two clients add one to a counter each, the second one when the first one has, or seems to have stopped. The mistake: the
// first one writes over what the other one has written since it read.
func two(servers string, wrong bool) error {
	const counter = "/counter"
	first, err := connect(servers)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := connect(servers)
	if err != nil {
		return err
	}
	defer second.Close()
	if err := retried(func(again bool) error {
		_, err := first.Create(counter, []byte("0"), 0, everyone)
		if errors.Is(err, zk.ErrNodeExists) && again {
			return nil
		}
		return err
	}); err != nil {
		return err
	}
	added := make(chan error, 1)
	go func() {
		for {
			n, version, err := first.read(counter)
			if wrong {
				version = -1
			}
			if err == nil {
				_, err = first.Set(counter, []byte(strconv.Itoa(n+1)), version)
			}
			if !errors.Is(err, zk.ErrBadVersion) {
				added <- err
				return
			}
		}
	}()
	select {
	case err := <-added:
		added <- err
	case <-time.After(time.Second):
	}
	if err := second.add(counter, false); err != nil {
		return err
	}
	if err := <-added; err != nil {
		return err
	}
	n, _, err := second.read(counter)
	if err == nil && n != 2 {
		return fmt.Errorf("the counter is %d, want 2", n)
	}
	return err
}

func (s session) read(counter string) (n int, version int32, err error) {
	err = retried(func(bool) error {
		data, stat, err := s.Get(counter)
		if err == nil {
			version = stat.Version
			n, err = strconv.Atoi(string(data))
		}
		return err
	})
	return n, version, err
}

func (s session) add(counter string, wrong bool) error {
	n, version, err := s.read(counter)
	if err != nil {
		return err
	}
	return retried(func(again bool) error {
		if again && wrong {
			if n, version, err = s.read(counter); err != nil {
				return err
			}
		}
		_, err := s.Set(counter, []byte(strconv.Itoa(n+1)), version)
		if again && !wrong && errors.Is(err, zk.ErrBadVersion) {
			return nil // it is the only writer
		}
		return err
	})
}

// contender has the flags of a contender's znode, beside that of a sequence.
type contender int32

// lock takes a lock by a sequential znode, and releases it. The mistake: after a lost reply it creates a znode again, and
// does not know of the first one.
func (f contender) lock(servers string, wrong bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := retried(func(bool) error {
		_, err := s.Create("/locks", nil, 0, everyone)
		if errors.Is(err, zk.ErrNodeExists) {
			return nil
		}
		return err
	}); err != nil {
		return err
	}
	mine, id := "", fmt.Sprintf("%08x", os.Getpid())
	if err := retried(func(again bool) (err error) {
		if again && !wrong {
			children, _, err := s.Children("/locks")
			if i := slices.IndexFunc(children, func(c string) bool { return strings.HasPrefix(c, id) }); i >= 0 {
				mine = path.Join("/locks", children[i])
				return nil
			} else if err != nil {
				return err
			}
		}
		mine, err = s.Create("/locks/"+id+"-", nil, zk.FlagSequence|int32(f), everyone)
		return err
	}); err != nil {
		return err
	}
	return retried(func(again bool) error {
		err := s.Delete(mine, -1)
		if again && errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		return err
	})
}

// loop reads a znode. The mistake: if that fails, it sends requests without end, and does nothing else.
func loop(servers string, wrong bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	_, _, err = s.Exists("/x")
	for wrong && err != nil {
		_, _, _ = s.Exists("/y")
	}
	return nil
}

// impatient reads a znode. The mistake: it gives up if no server can be reached for a moment.
func impatient(servers string, wrong bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	var given error
	if err := retried(func(bool) error {
		_, _, err := s.Exists("/x")
		if wrong && errors.Is(err, zk.ErrNoServer) {
			given, err = err, nil
		}
		return err
	}); err != nil {
		return err
	}
	return given
}

// flaky fails in every third run, whatever happens. It counts runs by the bytes of a file, which is an argument.
func flaky(servers string, _ bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	f, err := os.OpenFile(os.Args[3], os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = f.WriteString("."); err != nil {
		return err
	}
	if info, err := f.Stat(); err != nil || info.Size()%3 == 0 {
		return fmt.Errorf("it is one of three runs (%v)", err)
	}
	return nil
}

// past connects to the server that /zookeeper/config names.
func past(servers string, _ bool) error {
	s, err := connect(servers)
	if err != nil {
		return err
	}
	defer s.Close()
	config, _, err := s.Get("/zookeeper/config")
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(config), "\n") // server.1=host:port:port:role;host:port
	_, address, _ := strings.Cut(first, ";")
	other, err := connect(address)
	if err == nil {
		other.Close()
	}
	return err
}
