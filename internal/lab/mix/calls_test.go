package mix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Authors of recipes rely on how the load calls their values, as package subjects documents beside each method. This
// file records all calls of values in runs with faults, lets some calls fail, and compares the calls with the
// documentation.

// state is the state of an object for one client, as its calls imply.
type state string

// called tells in which states of a value an operation is called, and which states follow.
type called struct {
	in    []state // nil: any
	ok    state   // "": the same
	fails state   // "": the same
	// after a failure certainly without effect, and after zk.ErrNoAuth; "": as fails
	noEffect, denied state
}

const (
	free state = "free" // the first state
	held state = "held"
	// of a read-write lock
	writing state = "writing"
	reading state = "reading"
	// of a partitioner
	idle state = "member"
	// of a job that calls failed to end
	ended1 state = "ended once"
	ended2 state = "ended twice"
	over   state = "over"
)

var (
	acquires = called{in: []state{free}, ok: held, fails: free}
	releases = called{in: []state{held}, ok: free, fails: free, denied: held}
	leader   = called{in: []state{free}}
	always   = called{}
	enters   = called{in: []state{free}, ok: held, fails: free}
	leaves   = called{in: []state{held}, ok: free, fails: free, noEffect: held}
	endsJob  = called{in: []state{held, ended1, ended2}, ok: free, fails: free}
	// A lost job is not ended again: any call may follow the first attempt to end it.
	idles = called{in: []state{free, ended1, ended2}}
	takes = called{in: idles.in, ok: held, fails: free}
)

// loads tells how each kind of object is called.
var loads = map[string]map[string]called{
	models.Lock.Name:      {models.FAcquire: acquires, models.FRelease: releases},
	models.Semaphore.Name: {models.FAcquire: acquires, models.FRelease: releases},
	models.MultiLock.Name: {models.FAcquire: acquires, models.FRelease: releases},
	models.Election.Name:  {models.FAcquire: acquires, models.FRelease: releases, models.FLeader: leader},
	models.RWLock.Name: {
		models.FAcquire:   {in: []state{free}, ok: held, fails: free}, // held becomes reading or writing
		models.FRelease:   {in: []state{reading, writing}, ok: free, fails: free, denied: reading},
		models.FDowngrade: {in: []state{writing}, ok: reading, fails: reading},
		models.FListen:    {in: []state{reading, writing}},
		models.FRevoke:    {in: []state{free, reading}},
	},
	models.Partitioner.Name: {
		models.FAcquire: {in: []state{free, idle}, ok: held, fails: free},
		models.FChanged: {in: []state{held}},
		models.FRelease: {in: []state{held}, ok: idle, fails: idle, denied: held},
		models.FLeave:   {in: []state{idle}, ok: free, fails: free, noEffect: idle},
	},
	models.Queue.Name:         {models.FEnqueue: always, models.FDequeue: always},
	models.PriorityQueue.Name: {models.FEnqueue: always, models.FDequeue: always},
	models.DelayQueue.Name:    {models.FEnqueue: always, models.FDequeue: always},
	models.JobQueue.Name:      {models.FEnqueue: idles, models.FTake: takes, models.FFinish: endsJob, models.FGiveBack: endsJob},
	models.MasterWorker.Name:  {models.FEnqueue: idles, models.FTake: takes, models.FFinish: endsJob, models.FGiveBack: endsJob},
	models.Barrier.Name: {
		models.FRaise: {in: []state{free}, ok: held, fails: held},
		models.FLift:  {in: []state{held}, ok: over},
		models.FAwait: {in: []state{free}, ok: over},
	},
	models.DoubleBarrier.Name: {models.FEnter: enters, models.FLeave: {in: []state{held}, ok: free, fails: free}},
	models.Config.Name:        {models.FSet: always, models.FDelete: always, models.FObserve: always},
	models.Cache.Name:         {models.FPut: always, models.FRemove: always, models.FLook: always},
	models.Counter.Name:       {models.FAdd: always, models.FCAS: always, models.FRead: always},
	models.Register.Name:      {models.FWrite: always, models.FCAS: always, models.FRead: always},
	models.Membership.Name:    {models.FJoin: enters, models.FLeave: leaves, models.FList: always, models.FChanged: always},
	models.Discovery.Name: {
		models.FRegister: enters, models.FUnregister: leaves,
		models.FLookup: always, models.FChanged: always, models.FPick: always,
	},
	models.TwoPhaseCommit.Name: {models.FPrepare: always, models.FVote: always, models.FDecide: always, models.FOutcome: always},
}

// once lists operations whose argument is never repeated for an object, not even after an error, unless again
// allows it.
var once = map[string]bool{
	models.FEnqueue: true, models.FPut: true, models.FJoin: true, models.FRegister: true, models.FSet: true, models.FWrite: true,
}

// oneClient lists operations which only one client calls on each object.
var oneClient = map[string][]string{
	models.Barrier.Name:        {models.FRaise, models.FLift},
	models.Config.Name:         {models.FSet, models.FDelete},
	models.Cache.Name:          {models.FPut, models.FRemove},
	models.TwoPhaseCommit.Name: {models.FPrepare},
}

// said lists sentences of package subjects with calls that the runs must show: what does not happen need not be
// documented.
var said = []struct{ method, says, recipe, seen string }{
	{"Lock.Lock", "After an error it is called again, with no Unlock between", "lock", "acquire after acquire fails"},
	{"Lock.Unlock", "once after each Lock that succeeded", "lock", "release after acquire ok"},
	{"Lock.Unlock", "again while its error is zk.ErrNoAuth", "lock", "release after release denied"},
	{"Lock.Unlock", "After another error the next call is Lock", "lock", "acquire after release fails"},
	{"Semaphore.Acquire", "After an error it is called again", "semaphore", "acquire after acquire fails"},
	{"Semaphore.Release", "again while its error is zk.ErrNoAuth", "semaphore", "release after release denied"},
	{"Semaphore.Release", "After another error the next call is Acquire", "semaphore", "acquire after release fails"},
	{"Election.Campaign", "After an error it is called again", "election", "acquire after acquire fails"},
	{"Election.Resign", "again while its error is zk.ErrNoAuth", "election", "release after release denied"},
	{"Election.Resign", "After another error the next call is Campaign, or Leader", "election", "leader after release fails"},
	{"LeaderTeller.Leader", "After an error any call may follow", "election", "acquire after leader fails"},
	{"MultiLock.Lock", "After an error it is called again", "multi-lock", "acquire after acquire fails"},
	{"MultiLock.Unlock", "again while its error is zk.ErrNoAuth", "multi-lock", "release after release denied"},
	{"RWLock.Lock", "After an error one of them is called again", "rwlock", "acquire after acquire fails"},
	{"RWLock.Unlock", "again while its error is zk.ErrNoAuth", "rwlock", "release after release denied"},
	{"RWLock.Unlock", "or Revoke", "rwlock", "revoke after release fails"},
	{"Downgrader.Downgrade", "Listen may follow, and Unlock does", "rwlock", "release after downgrade fails"},
	{"Revocable.Revoke", "also by one that holds for reading", "rwlock", "revoke after acquire ok"},
	{"Revocable.Listen", "Listen or Unlock follows, also after an error", "rwlock", "release after listen fails"},
	{"Partitioner.Acquire", "Acquire is called again", "partitioner", "acquire after acquire fails"},
	{"Partitioner.Changed", "Release follows, also after an error", "partitioner", "release after changed fails"},
	{"Partitioner.Release", "again while its error is zk.ErrNoAuth", "partitioner", "release after release denied"},
	{"Partitioner.Release", "the next call is Acquire, or Leave", "partitioner", "leave after release ok"},
	{"Partitioner.Leave", "then Leave or Acquire is called", "partitioner", "acquire after leave no effect"},
	{"Queue.Take", "After an error it may be called again", "queue", "dequeue after dequeue fails"},
	{"PriorityQueue.Take", "After an error it may be called again", "priority-queue", "dequeue after dequeue fails"},
	{"DelayQueue.Take", "After an error it may be called again", "delay-queue", "dequeue after dequeue fails"},
	{"JobQueue.Take", "Take or Put may be called", "job-queue", "take after take fails"},
	{"Job.Finish", "it is called again, twice at most", "job-queue", "finish after finish no effect"},
	{"Job.GiveBack", "in the same way", "job-queue", "give-back after give-back no effect"},
	{"Barrier.Lift", "also if Raise failed", "barrier", "lift after raise fails"},
	{"Barrier.Lift", "After an error it is called again", "barrier", "lift after lift fails"},
	{"Barrier.Await", "After an error it is called again", "barrier", "await after await fails"},
	{"DoubleBarrier.Enter", "Enter is called again, with no Leave between", "double-barrier", "enter after enter fails"},
	{"DoubleBarrier.Leave", "after an error it is not called again", "double-barrier", "leave fails"},
	{"Config.Set", "call had no effect", "config", "the same set after no effect"},
	{"Config.Next", "An error loses nothing", "config", "observe after observe fails"},
	{"Cache.Look", "After an error it is called again", "cache", "look after look fails"},
	{"Counter.Add", "A later call with the same delta adds again, also after an error", "counter", "add after add fails"},
	{"Register.Read", "After an error any call may follow", "register", "write after read fails"},
	{"Group.Join", "called again, with another name", "membership", "join again after fails"},
	{"Group.Leave", "Leave may be called again", "membership", "leave after leave no effect"},
	{"Group.Changed", "After an error, such as the end of ctx, it is called again", "membership", "changed again after no effect"},
	{"Service.Register", "called again, with another name", "discovery", "register again after fails"},
	{"Service.Unregister", "Unregister may be called again", "discovery", "unregister after unregister no effect"},
	{"Service.Changed", "After an error, such as the end of ctx, it is called again", "discovery", "changed again after no effect"},
	{"Service.Pick", "After an error any call may follow", "discovery", "pick again after no effect"},
	{"Transaction.Prepare", "After an error it is called again", "two-phase-commit", "prepare after prepare fails"},
	{"Transaction.Vote", "also after a success", "two-phase-commit", "vote after vote ok"},
	{"Transaction.Decide", "After an error it is called again", "two-phase-commit", "decide after decide fails"},
	{"Transaction.Outcome", "on new values that have called nothing before", "two-phase-commit", "outcome after nothing"},
}

// value is a subject of one client, with the calls of its methods.
type value struct {
	client   int
	path     string
	session  int64 // when it was made
	state    state
	latest   string            // the latest operation and its result
	ended    map[string]string // the result of each operation
	replaced bool              // a later value has taken its place
	closed   bool
}

// calls records the calls of a load.
type calls struct {
	recipe string

	mu    sync.Mutex
	busy  map[int]string    // by client: the operation under way
	made  map[string]*value // by client, path and the other arguments of the constructor
	n     map[string]int    // by operation
	args  map[string]string // the result of the latest call with each argument
	by    map[string]int    // the client of operations of oneClient, by path
	seen  map[string]bool
	wrong []string
}

func newCalls(recipe string) *calls {
	return &calls{
		recipe: recipe, busy: map[int]string{}, made: map[string]*value{}, n: map[string]int{},
		args: map[string]string{}, by: map[string]int{}, seen: map[string]bool{},
	}
}

func (l *calls) accuse(v *value, format string, args ...any) {
	if len(l.wrong) < 10 {
		l.wrong = append(l.wrong, fmt.Sprintf("client %d, %s: %s", v.client, v.path, fmt.Sprintf(format, args...)))
	}
}

// makes records a call of a constructor.
func (l *calls) makes(c *workloads.Client, path, with string) *value {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := &value{client: c.ID, path: path, session: c.SessionID(), state: free, latest: "nothing", ended: map[string]string{}}
	if op := l.busy[c.ID]; op != "" {
		l.accuse(v, "the constructor is called while %s is under way", op)
	}
	id := fmt.Sprint(c.ID, path, with)
	if was := l.made[id]; was != nil {
		was.replaced = true
		l.seen["second value"] = true
	}
	l.made[id] = v
	return v
}

// begins records the call of an operation.
func (l *calls) begins(c *workloads.Client, v *value, op, arg string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.busy[c.ID]; other != "" {
		l.accuse(v, "%s is called while %s is under way", op, other)
	}
	l.busy[c.ID] = op
	rule, known := loads[l.recipe][op]
	switch {
	case op == models.FConfirm: // asks the adapter, not the recipe
		return 0
	case !known:
		l.accuse(v, "%s is called", op)
	case v.closed || v.replaced:
		l.accuse(v, "%s is called after Close, or of a value in whose place is another one", op)
	case rule.in != nil && !slices.Contains(rule.in, v.state):
		l.accuse(v, "%s is called after %s, in the state %q", op, v.latest, v.state)
	}
	if id := v.path + " " + op + " " + arg; once[op] {
		if was, again := l.args[id]; again && (op != models.FSet || was != "no effect") {
			l.accuse(v, "%s is called a second time with %s, after it ended with %s", op, arg, was)
		} else if again {
			l.seen["the same "+op+" after "+was] = true
		}
		l.args[id] = "nothing"
	}
	if slices.Contains(oneClient[l.recipe], op) {
		if by, is := l.by[v.path]; is && by != v.client {
			l.accuse(v, "%s is called, and client %d has called it, too", op, by)
		}
		l.by[v.path] = v.client
	}
	if c.SessionID() != v.session {
		l.seen["after the session"] = true
	}
	l.seen[op+" after "+v.latest] = true
	if how := v.ended[op]; how != "" {
		l.seen[op+" again after "+how] = true
	}
	l.n[op]++
	return l.n[op]
}

// ends records the result of a call.
func (l *calls) ends(v *value, op, arg string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, v.client)
	if op == models.FConfirm {
		return
	}
	rule := loads[l.recipe][op]
	how, next := "ok", rule.ok
	switch {
	case subjects.NoEffect(err):
		how, next = "no effect", rule.noEffect
	case errors.Is(err, zk.ErrNoAuth):
		how, next = "denied", rule.denied
	case err != nil:
		how, next = "fails", rule.fails
	}
	if err != nil && next == "" {
		next = rule.fails
	}
	switch {
	case l.recipe == models.RWLock.Name && op == models.FAcquire && err == nil:
		if next = writing; strings.Contains(arg, models.ToRead) {
			next = reading
		}
	case l.recipe == models.RWLock.Name && how == "denied":
		next = v.state
	case (op == models.FFinish || op == models.FGiveBack) && how == "no effect":
		next = map[state]state{held: ended1, ended1: ended2, ended2: free}[v.state]
	}
	if next != "" {
		v.state = next
	}
	v.latest, v.ended[op] = op+" "+how, how
	l.seen[v.latest] = true
	if once[op] {
		l.args[v.path+" "+op+" "+arg] = how
	}
}

// do calls an operation or lets it fail: now and then it refuses a release, or lets another call fail with or without
// an effect.
func (l *calls) do(c *workloads.Client, v *value, op, arg string, call func() error) (err error) {
	n := l.begins(c, v, op, arg)
	defer func() { l.ends(v, op, arg, err) }()
	switch {
	case n%7 == 3 && op == models.FRelease:
		return zk.ErrNoAuth
	case n%7 == 3 || n%7 == 4 && (op == models.FLeave || op == models.FUnregister):
		return subjects.WithoutEffect(errStopped)
	case n%11 == 5 && (op == models.FAcquire || op == models.FTake || op == models.FEnter || op == models.FJoin || op == models.FRegister || op == models.FDequeue):
		return errStopped
	}
	if err = call(); err == nil && n%11 == 5 {
		err = errStopped
	}
	return err
}

// recorded is a workload whose subjects are zklab's own, and records its calls.
type recorded struct {
	mortal
	calls *calls
}

func (r recorded) Start(ctx context.Context, env *workloads.Env) (workloads.Run, error) {
	for _, c := range env.Clients {
		if c.Remote == nil {
			c.Client.Remote = recording{here{c, r.Workload.(workloads.Served).Maker()}, r.calls}
		}
	}
	return r.Workload.Start(ctx, env)
}

// recording makes subjects whose calls are recorded.
type recording struct {
	here
	calls *calls
}

func (r recording) Make(recipe, path string, with any, offers ...string) (subjects.Object, error) {
	v := r.calls.makes(r.Client, path, fmt.Sprint(with))
	o, err := r.here.Make(recipe, path, with, offers...)
	if err != nil {
		return nil, err
	}
	return recordedObject{o.(servedHere), r, v}, nil
}

type recordedObject struct {
	servedHere
	by recording
	v  *value
}

func (o recordedObject) Call(ctx context.Context, op string, arg, result any) error {
	b, err := json.Marshal(arg)
	if err != nil {
		return err
	}
	return o.by.calls.do(o.by.Client, o.v, op, string(b), func() error { return o.servedHere.Call(ctx, op, arg, result) })
}

func (o recordedObject) Hold(ctx context.Context, op string, arg, result any) (<-chan struct{}, error) {
	if err := o.Call(ctx, op, arg, result); err != nil || o.Lost == nil {
		return nil, err
	}
	return o.Lost(), nil
}

func (o recordedObject) Close(ctx context.Context) error {
	l := o.by.calls
	l.mu.Lock()
	if op := l.busy[o.v.client]; op != "" || o.v.closed {
		l.accuse(o.v, "Close is called while %q is under way, closed before: %v", op, o.v.closed)
	}
	o.v.closed, l.busy[o.v.client] = true, "Close"
	l.seen["Close"] = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.busy, o.v.client)
	}()
	return o.servedHere.Close(ctx)
}

// recordedRegister is a register whose calls are recorded. It exists because other processes do not
// serve registers.
type recordedRegister struct {
	subjects.Register
	calls *calls
	c     *workloads.Client
	v     *value
}

func (r recordedRegister) Write(ctx context.Context, to string) (m subjects.Mark, err error) {
	err = r.calls.do(r.c, r.v, models.FWrite, to, func() (err error) { m, err = r.Register.Write(ctx, to); return err })
	return m, err
}

func (r recordedRegister) CAS(ctx context.Context, from, to string) (m subjects.Mark, err error) {
	err = r.calls.do(r.c, r.v, models.FCAS, to, func() (err error) { m, err = r.Register.CAS(ctx, from, to); return err })
	return m, err
}

func (r recordedRegister) Read(ctx context.Context, kind string) (got string, m subjects.Mark, err error) {
	err = r.calls.do(r.c, r.v, models.FRead, kind, func() (err error) { got, m, err = r.Register.Read(ctx, kind); return err })
	return got, m, err
}

// recordedRegisters is the workload of registers whose calls are recorded.
type recordedRegisters struct {
	workloads.Workload
	calls *calls
}

func (r recordedRegisters) Start(ctx context.Context, env *workloads.Env) (workloads.Run, error) {
	of := map[*subjects.Client]*workloads.Client{}
	for _, c := range env.Clients {
		of[c.Client] = c
	}
	return workloads.Register{New: func(c *subjects.Client, path string) (subjects.Register, error) {
		reg, err := subjects.NewRegister(c, path)
		return recordedRegister{reg, r.calls, of[c], r.calls.makes(of[c], path, "")}, err
	}}.Start(ctx, env)
}

// mostSeeds allows for rare calls: three seeds show most of the calls that are listed in said.
const mostSeeds = 20

// shows reports whether all calls that said lists for a recipe were seen.
func (l *calls) shows(recipe string) bool {
	for _, s := range said {
		if s.recipe == recipe && !l.seen[s.seen] {
			return false
		}
	}
	return true
}

// The load calls values as package subjects documents: one call at a time, in the order that the comments of methods
// give, and again after errors. All documented calls happen.
func TestLoadsCallAsSaid(t *testing.T) {
	docs := methodDocs(t)
	for _, s := range said {
		if loads[s.recipe] == nil {
			t.Errorf("%s: there is no recipe %q", s.method, s.recipe)
		}
	}
	general, ran := map[string]bool{}, 0
	for recipe := range loads {
		t.Run(recipe, func(t *testing.T) {
			l := newCalls(recipe)
			w := must.Get(specimens.Named(recipe, workloads.Own))(t)
			if recipe == models.Register.Name {
				w = recordedRegisters{w, l}
			} else {
				w = recorded{mortal{w}, l}
			}
			for seed := int64(1); seed <= mostSeeds && (seed <= 3 || !l.shows(recipe)); seed++ {
				l.made, l.busy, l.by, l.args = map[string]*value{}, map[int]string{}, map[string]int{}, map[string]string{}
				seedOf(t, w, seed)
			}
			for _, wrong := range l.wrong {
				t.Error(wrong)
			}
			for _, s := range said {
				if s.recipe != recipe {
					continue
				}
				if !strings.Contains(docs[s.method], s.says) {
					t.Errorf("the comment of %s does not say %q, but: %s", s.method, s.says, docs[s.method])
				}
				if !l.seen[s.seen] {
					t.Errorf("%s says %q, and no run showed it: %s", s.method, s.says, s.seen)
				}
			}
			for s := range l.seen {
				general[s] = true
			}
			ran++
		})
	}
	for _, s := range []string{"after the session", "second value", "Close"} {
		if ran == len(loads) && !general[s] {
			t.Errorf("no run showed what package subjects says of all values: %s", s)
		}
	}
}

// methodDocs returns the comments of the methods of the interfaces in package subjects, each in one line. Each method
// that the load calls has a comment.
func methodDocs(t *testing.T) map[string]string {
	files, err := filepath.Glob("../../../subjects/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, file := range files {
		f := must.Get(parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments))(t)
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			i, ok := s.Type.(*ast.InterfaceType)
			if !ok || !s.Name.IsExported() {
				return true
			}
			for _, m := range i.Methods.List {
				if len(m.Names) == 0 {
					continue
				}
				text := strings.Join(strings.Fields(m.Doc.Text()+" "+m.Comment.Text()), " ")
				if text == "" && len(i.Methods.List) > 1 && s.Name.Name != "ItemNamer" { // the comment of a one-method type documents the method
					t.Errorf("%s.%s has no comment that says how the load calls it", s.Name, m.Names[0])
				}
				docs[s.Name.Name+"."+m.Names[0].Name] = text
			}
			return true
		})
	}
	return docs
}
