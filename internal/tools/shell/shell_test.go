package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/tools/control"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// bench is a shell on an ensemble.
type bench struct {
	*testing.T
	*Shell
	ctx    context.Context
	e      *embedded.Ensemble // in virtual time; nil: another kind of ensemble
	addrs  []string
	chroot string
	dial   ensemble.DialFunc
	out    bytes.Buffer
}

func virtually(t *testing.T, do func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := must.Get(embedded.Start(embedded.Config{InMemory: true, Latency: time.Millisecond}))(t)
		defer e.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		b := &bench{T: t, ctx: ctx, e: e, addrs: e.Addrs(), dial: e.Dial}
		b.Shell = &Shell{Client: b.client(), Dial: e.Dial, Out: &b.out}
		do(b)
	})
}

// does runs a line and gives what it printed and its exit code.
func (b *bench) does(line string) (string, int) {
	b.Helper()
	b.out.Reset()
	err := b.Do(b.ctx, line)
	code := Code(err)
	if err != nil {
		return err.Error(), code
	}
	return b.out.String(), code
}

// script runs lines one after another. Lines that begin with > are contained in the output of the line
// before, those with = equal it; with a number, the line before fails with that code and the error that
// follows. Besides commands there are "meanwhile LINE", which another session runs during the next
// line, "somebody else", which continues with another session, and "over", which waits until the
// session has ended.
func (b *bench) script(text string) {
	b.Helper()
	var got string
	code, told := OK, true
	stop := func() {}
	defer func() { stop() }()
	done := func() {
		b.Helper()
		if code != OK && !told {
			b.Fatalf("it failed with %d: %s", code, got)
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "":
		case mark == ">":
			if ok, err := regexp.MatchString("(?m)"+rest, got); err != nil || !ok {
				b.Errorf("no %s in\n%s (%v)", rest, got, err)
			}
		case mark == "=":
			if got != strings.ReplaceAll(rest, `\n`, "\n") {
				b.Errorf("want %q, got %q", rest, got)
			}
		case regexp.MustCompile(`^[0-9]+$`).MatchString(mark):
			if told = true; mark != strconv.Itoa(code) || !strings.Contains(got, rest) {
				b.Errorf("want %s and %q, got %d: %s", mark, rest, code, got)
			}
		case mark == "meanwhile":
			stop = b.meanwhile(rest)
		case line == "somebody else":
			b.Client = b.client()
		case line == "over":
			<-b.Client.Done()
		default:
			done()
			got, code = b.does(line)
			told = false
			stop()
			stop = func() {}
		}
	}
	done()
}

func TestReadsAndWrites(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a one
			= /a\n
			cat /a
			= one
			create /a two
			2 create /a: it exists already
			create /no/such/parent x
			1 -p creates it
			create -p /b/c/d
			create -s /b/n- x
			> ^/b/n-0000000001$
			create -s /b/
			> ^/b/0000000002$
			create -e /mine x
			create -t 1h /later
			create -c /box
			stat /mine
			> owner +0x[0-9a-f]+$
			ls -l
			> ^0 +0 +0 +[-0-9]+ [:0-9]+Z +- +box$
			> ^0 +1 +0 .*0x[0-9a-f]+ +mine$
			ls
			= a\nb\nbox\nlater\nmine\nzookeeper\n
			ls /b
			= 0000000002\nc\nn-0000000001\n
			ls /nowhere
			1 no such znode
			tree /b
			= /b\n├── 0000000002\n├── c\n│   └── d\n└── n-0000000001\n
			tree -L 1 /b
			= /b\n├── 0000000002\n├── c\n└── n-0000000001\n
			cd b
			pwd
			= /b\n
			ls c
			= d\n
			cd ..
			pwd
			= /\n
			cd nowhere
			1 cd /nowhere
			set /a two
			= 
			set -v 7 /a three
			2 it has another version
			set -v 1 /a three
			set /a -x -v
			64 takes 2 arguments
			set --nonsense /a -x
			64 unknown flag
			set -- /a -x
			set /a -
			64 standard input
			cat /a
			= -x
			set /a {"a":[1,2]}
			cat /a
			= {"a":[1,2]}
			rm /b
			2 it has children
			rm -v 3 /a
			2 another version
			rm /a; rm -r /b
			cat /a
			1 cat /a: no such znode
			rm -r /b
			1 /b
			rm /
			64 the root cannot be removed
			create -e -c /x
			64 exclude each other
			create --acl world:anyone:q /x
			64 the letters cdrwa
			nonsense
			64 there is no command nonsense
			stats /a
			64 did you mean
			ls a b
			64 ls takes 0 to 1 arguments, got 2: ls [flags] [PATH]
			# a comment
			ls # another
			cat 'x
			64 missing closing '
			help create
			> ^create \[flags\] PATH \[DATA\|-\]$
			ls --help
			> --long
			help
			> ^watch \[flags\] PATH
		`)
	})
}

func TestCopiesAndMoves(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a one; create --acl world:anyone:rd /a/b two; create -c /a/c three; create -e /a/mine; create -e /gone
			cp /a /copy
			ls /copy
			= 
			cp -r /a /deep
			= left out 1 ephemeral znodes\n
			tree /deep
			= /deep\n├── b\n└── c\n
			acl get /deep/b
			= world:anyone:dr\n
			cat /deep/c
			= three
			cp -r /a /deep
			2 create /deep: it exists already
			cp -r /a /a/within
			64 is /a or below it
			cp /gone /copy2
			4 it is ephemeral
			mv /a /there
			4 mv /a/mine: it is ephemeral
			mv /deep /there
			tree /there
			= /there\n├── b\n└── c\n
			ls /deep
			1 
			mv /there /copy
			2 operation 1, create /copy: it exists already
			mv /there /no/parent
			1 no such znode
		`)
		big := strings.Repeat("x", 600_000)
		b.script("create /big; create /big/1 " + big + "; create /big/2 " + big)
		b.script("mv /big /bigger\n64 cp -r, then rm -r")
	})
}

func TestFinds(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`create /f; create /f/old 12345; create -e /f/mine; create /f/old/new-1 "one\nneedle two\n"`)
		time.Sleep(time.Hour)
		b.script(`
			create /f/new-2 NEEDLE
			find /f --name new-*
			= /f/new-2\n/f/old/new-1\n
			find /f --newer 1m
			= /f/new-2\n
			find /f --older 30m --larger 4
			= /f/old\n/f/old/new-1\n
			find /f --smaller 1 --leaf
			= /f/mine\n
			find /f --owner any
			= /f/mine\n
			find /f --owner 0x1
			= 
			find /f --owner me
			64 invalid session
			grep needle /f
			= /f/old/new-1:2:needle two\n
			grep -il needle /f
			= /f/new-2\n/f/old/new-1\n
			grep nothing /f
			1 
			grep ( /f
			64 missing closing
			count /f
			= 4\n
			du /f
			> ^20 +2 +/f/old$
			> ^26 +5 +/f$
			du -s /f
			> \A.*\n.*/f\n\z
		`)
	})
}

func TestPermissions(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a; create /a/b
			auth digest me:secret
			whoami
			> ^digest:me$
			acl set -R /a auth::cdrwa,world:anyone:r
			acl get /a/b
			> ^digest:me:.*:cdrwa$
			> ^world:anyone:r$
			acl set -v 7 /a world:anyone:r
			2 another version
			acl set /a nonsense
			64 invalid permission
			acl set /a nonsense:x:r
			4 the server rejects these permissions
			acl
			64 write acl get or acl set
			auth nonsense x
			4 rejects this credential
		`)
		b.Client = b.client()
		b.script(`
			set /a/b x
			4 set /a/b: its permissions do not allow it
			cat /a/b
			create /box; create /box/s secret; acl set /box/s auth::cdrwa
			4 the server rejects these permissions
			acl set /box/s digest:me:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:r
			tree /box
			= /box\n└── s (not readable)\n
			grep -l . /box
			1 
			find /box
			= /box\n/box/s\n
			cp -r /box /copy
			4 /box/s
			rm -r /box
			4 /box/s
		`)
	})
}

func TestMulti(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a one
			multi
			create /b x
			set -v 0 /a two
			cat /a
			64 cat does not work in a multi
			create -s /b/n-
			rm /b
			end
			2 multi, nothing was done: operation 4, rm /b: it has children
			ls /b
			1 
			multi; check /a 0; set /a two; create -s /n-; end
			> ^/n-0000000001$
			multi; check /a 0; set /a three; end
			2 operation 1, check /a
			cat /a
			= two
			multi; rm /a; abort; ls /a
			end
			64 no multi has begun
			check /a 1
			64 check works only in a multi
			multi; check /a x
			64 invalid version
			abort
		`)
		b.does("multi")
		if err := b.Finish(); Code(err) != WrongUsage {
			t.Error(err)
		}
	})
}

// A subtree is removed even while others create znodes in it.
func TestRemovesWhatComesMeanwhile(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a; create /a/b; create /a/b/c; create /a/b/d")
		other := b.client()
		ctx, cancel := context.WithTimeout(b.ctx, 100*time.Millisecond)
		defer cancel()
		made := make(chan int)
		go func() {
			n := 0
			for ctx.Err() == nil {
				if _, _, err := other.Create(ctx, "/a/b/n-", nil, nil, wire.PersistentSequential, 0); err == nil {
					n++
				}
			}
			made <- n
		}()
		asked := ""
		b.Ask = func(q string) (bool, error) { asked = q; return len(asked) > 0, nil }
		b.script("rm -r /a")
		if n := <-made; n == 0 || !strings.HasPrefix(asked, "remove /a with ") || !strings.HasSuffix(asked, " znodes below it?") {
			t.Errorf("%d came, asked %q", n, asked)
		}
		b.script("ls /a\n1 ")
		b.script("create /z; create /z/y")
		b.Ask = func(string) (bool, error) { return false, nil }
		b.script("rm -r /z\nls /z\n= y\\n\nrm -r -y /z\nls /z\n1 ")
	})
}

func TestWatches(t *testing.T) {
	virtually(t, func(b *bench) {
		other := b.client()
		var busy sync.WaitGroup
		defer busy.Wait()
		later := func(path string) {
			time.Sleep(time.Second)
			for range 3 {
				other.Create(b.ctx, path, nil, nil, wire.PersistentSequential, 0)
			}
		}
		busy.Go(func() { later("/x") })
		b.script("watch /x0000000000\n> ^nodeCreated /x0000000000 zxid 0x[0-9a-f]+$")
		busy.Go(func() { later("/y") })
		b.script("watch /\n> ^nodeChildrenChanged / zxid")
		busy.Go(func() { later("/z") })
		b.script("watch -r -n 2 /\n> ^nodeCreated /.*\\nnodeCreated /")
	})
}

func TestServers(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			sync
			srvr
			> ^Mode: (leader|follower)$
			mntr
			> ^zk_znode_count\t
			kill leader
			64 start the shell without servers
		`)
		b.Lab = &Lab{b.e, control.New(b.e)}
		b.script(`
			kill leader
			> ^server [123] at 127.0.0.1:[123]: down \(was leader\)$
			start leader
			partition 4
			64 the servers are 1 to 3
			partition 1
			heal
			pause 2
			> paused
			resume all
			kill 9
			64 9
			servers
			> (?s)server 1.*server 2.*server 3
			expire 0x1
			3 there is no such session
			expire
		`)
		<-b.Client.Done()
		b.script("ls\n3 the session has expired")
	})
}

// Programs get one JSON object for each command, and nothing else.
func TestJSON(t *testing.T) {
	virtually(t, func(b *bench) {
		b.JSON = true
		b.script(`
			create /a {"a":1}
			> ^\{"path":"/a","version":0,"bytes":7,
			create /b "\xff\x00"
			cat /a /b
			> ^\{"path":"/a","data":\{"text":"\{\\"a\\":1\}"\},
			> ^\{"path":"/b","data":\{"base64":"/wA="\},
			ls
			= {"path":"/","children":["a","b","zookeeper"]}\n
			set /a 2
			> "version":1,
			rm /a
			= {"path":"/a","znodes":1}\n
			acl get /b
			= {"path":"/b","aversion":0,"acl":[{"scheme":"world","id":"anyone","permissions":"cdrwa"}]}\n
			find --owner any
			= {"znodes":[]}\n
			help ls
			> "usage":"ls \[flags\] \[PATH\]"
		`)
	})
}

// Nothing in a znode can control the terminal that shows it.
func TestTerminalIsSafe(t *testing.T) {
	virtually(t, func(b *bench) {
		evil := "\x1b[2Jname\u202e"
		b.Terminal = true
		for _, data := range []string{"\x1b]0;title\x07", "a\x9b31m", "{\"a\":\"\x1b[1m\"}", "\u202eabc", "\r\x1b[A", `{"a": "\u001b"}`} {
			path := "/" + strings.ReplaceAll(evil, "\x1b", "\u200f") + time.Now().Format(".000000000")
			time.Sleep(time.Millisecond)
			if _, _, err := b.Client.Create(b.ctx, path, []byte(data), nil, wire.Persistent, 0); err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{"cat ", "cat --raw ", "stat ", "ls / #", "ls -l / #", "tree / #", "find / #", "grep . / #", "du / #", "rm -v 9 ", "acl get "} {
				for _, json := range []bool{false, true} {
					b.JSON = json
					got, _ := b.does(line + quote(path))
					if strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && r != '\t' && !harmless(r) }) {
						t.Errorf("%s: %q", line, got)
					}
				}
			}
		}
		b.JSON = false
		b.script(`
			create /json {"b":[1,{}]}
			cat /json
			= {\n  "b": [\n    1,\n    {}\n  ]\n}\n
			cat --raw /json
			= {"b":[1,{}]}\n
			create /hex "\x00\x01"
			cat /hex
			> ^00000000  00 01
		`)
	})
}

func harmless(r rune) bool { return legible(string(r)) == string(r) }

func TestScript(t *testing.T) {
	virtually(t, func(b *bench) {
		err := b.Script(b.ctx, "file", strings.NewReader("create /a\n\n# comment\nmulti\n set /a 1\nend\ncat /b\ncreate /c"))
		if Code(err) != NotFound || err.Error() != "file:7: cat /b: no such znode" {
			t.Error(err)
		}
		b.script("cat /a\n= 1\nls /c\n1 ")
		if err := b.Script(b.ctx, "", strings.NewReader("exit\nnonsense")); err != nil {
			t.Error(err)
		}
		// That nothing matches has already been printed: here it is only an exit code.
		if err := b.Script(b.ctx, "file", strings.NewReader("grep nothing /a")); Code(err) != NotFound || err.Error() != "" {
			t.Errorf("%v: %q", Code(err), err)
		}
		b.In = io.LimitReader(strings.NewReader("from outside;"), 100)
		b.script("set /a -\ncat /a\n= from outside;")
	})
}

func TestCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{did("cat", "/a", wire.NoNode), 1},
		{did("set", "/a", wire.BadVersion), 2},
		{errors.Join(client.ErrNoServer, errors.New("x")), 3},
		{wire.ConnectionLoss, 3},
		{did("set", "/a", wire.NoAuth), 4},
		{usagef("x"), 64},
	} {
		if got := Code(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for line, want := range map[string]string{
		`a  b`:                `a|b`,
		`a 'b c' "d\te"`:      "a|b c|d\te",
		`a; b ;c`:             `a||b|;c`,
		`set /a {"x":";"}`:    `set|/a|{"x":";"}`,
		`a\ b \;`:             `a b|;`,
		`"a;" ';';b`:          `a;|;||b`,
		`# a`:                 ``,
		`a #b`:                `a`,
		`''`:                  ``,
		`a\b`:                 `a\b`,
		`  `:                  ``,
		`"é\u202e" # comment`: "é\u202e",
	} {
		all, err := statements(line)
		var got []string
		for _, words := range all {
			var texts []string
			for _, w := range words {
				texts = append(texts, w.text)
			}
			got = append(got, strings.Join(texts, "|"))
		}
		if s := strings.Join(got, "||"); s != want || err != nil {
			t.Errorf("%s: %q, %v", line, s, err)
		}
	}
	for _, line := range []string{`'`, `"a`, `"a"b`, `'a'b`, `"\q"`} {
		if _, err := statements(line); Code(err) != WrongUsage {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// Text that quote writes is read back unchanged.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a b", "é", "\x1b", `"'\`, "#;", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := statements(quote(s))
		if err != nil || len(all) != 1 || len(all[0]) != 1 || all[0][0].text != s || legible(quote(s)) != quote(s) {
			t.Errorf("%q: %q, %v, %v", s, quote(s), all, err)
		}
	})
}

// Only an answer proves that nothing of a transaction was done.
func TestMultiWithoutAnswer(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			multi
			create /late
		`)
		own, other := 0, b.client()
		for _, s := range b.e.Servers() {
			if b.Client.Server() == s.Addr() {
				own = s.ID()
			}
		}
		must.Do(b, b.e.Server(own).Pause(b.ctx))
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		err := b.Do(ctx, "end")
		if err == nil || strings.Contains(err.Error(), "nothing was done") || !strings.Contains(err.Error(), "may or may not have been done") {
			b.Error(err)
		}
		must.Do(b, b.e.Server(own).Resume(b.ctx))
		time.Sleep(time.Second)
		for other.Sync(b.ctx, "/") != nil {
			time.Sleep(time.Second)
		}
		if _, err := other.Exists(b.ctx, "/late", false); err != nil {
			b.Errorf("it was not done after all: %v", err)
		}
	})
}

// A name that is only a sequence number is created below the session's root, not beside it.
func TestSequentialAtTheRootOfASession(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /app")
		whole := b.Client
		b.Client = b.below("/app")
		b.script(`
			create -s /
			= /0000000000\n
			multi; create -s /; end
			= /0000000001\n
			ls
			= 0000000000\n0000000001\n
		`)
		b.Client = whole
		b.script("ls /\n= app\\nzookeeper\\n")
		b.script("create -s /\n> ^/0000000001$")
	})
}

func TestCheckWantsAWholeNumber(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a
			multi
			check /a 0.9
			64 invalid version 0.9
			check /a 0x
			64 invalid version 0x
			check /a 0
			end
		`)
	})
}

// A subtree whose reading was given up is not reported as empty.
func TestGivenUp(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a")
		ctx, cancel := context.WithCancel(b.ctx)
		cancel()
		for _, line := range []string{"rm -r /a", "tree /", "acl set -R /a world:anyone:r"} {
			if err := b.Do(ctx, line); !errors.Is(err, context.Canceled) {
				b.Errorf("%s: %v", line, err)
			}
		}
	})
}

// A second "-" would overwrite existing data with nothing.
func TestStandardInputIsReadOnce(t *testing.T) {
	virtually(t, func(b *bench) {
		b.In = strings.NewReader("all of it")
		b.script(`
			create /a -
			create /b kept
			set /b -
			64 has been read
			cat /b
			= kept
			cat /a
			= all of it
		`)
	})
}

// Errors tell in words of the shell which values a flag takes.
func TestWrongValuesOfFlags(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			set -v x / data
			64 set: --version x: expected a whole number from 0: set [flags] PATH DATA|-
			create -t 10 /a
			64 create: --ttl 10: expected a time with its unit, like 500ms or 10s
			ls --nosuch
			64 ls: unknown flag: --nosuch
		`)
	})
}

// Input that is meant for another shell is refused with that explanation.
func TestOtherShells(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			get /a
			64 zkCli.sh's get is cat here
			deleteall /a
			64 zkCli.sh's deleteall is rm -r here
			cat / | grep x
			64 | does not work here: use it in the system's shell
			cat / > file
			64 > does not work here
			create /a "|"
			cat /a
			= |
		`)
		b.Client = b.below("/none")
		b.script(`
			ls
			1 the path after the servers does not exist
			create /x
			1
		`)
	})
}

// An interrupted removal tells how far it came.
func TestInterruptedRemoval(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script("create /a")
		for i := range together + 100 {
			b.put(fmt.Sprintf("/a/%d", i), nil, nil, wire.Persistent)
		}
		ctx, interrupt := context.WithCancel(b.ctx)
		b.Progress = writer(func(p []byte) {
			if strings.Contains(string(p), "removed: 1000 of 1101") {
				interrupt()
			}
		})
		err := b.Do(ctx, "rm -r /a")
		if Code(err) != Interrupted || err.Error() != "interrupted: 1000 znodes were removed" {
			t.Error(err)
		}
		b.script("count /a\n= 100\\n")
	})
}
