// Package recipes holds coordination recipes for ZooKeeper that keep their
// promise when replies get lost, sessions expire and callers give up: locks, queues,
// barriers, elections and more, each in a file of its name. It may not import the rest of
// zklab: it is of use without the harness.
//
// Start with a [Session]: it wraps a *zk.Conn and knows which ZooKeeper session
// the connection is on. Recipes are made on a session and a path:
//
//	conn, events, err := zk.Connect(servers, 10*time.Second)
//	s := recipes.NewClient(conn, events, 10*time.Second)
//	lock := recipes.NewLock(s, "/app/lock")
//	err = lock.Do(ctx, func(ctx context.Context) error { … })
//
// and are closed before their session, which is closed before the connection. Whole
// programs are in the folder examples.
//
// # Contexts
//
// Every call takes a context and returns soon after it ends. What the call may
// have left in the tree (a contender whose create was under way, say) is
// removed in the background; the recipe's Close waits for that.
//
// # Errors
//
// Errors are of type [*Error] and wrap one of the sentinels of this package,
// the context's error or an error of go-zookeeper; use errors.Is. (Those of functions that a Do
// runs are passed on, in a [*JobError] if it has a job.) An error whose
// method NoEffect reports true promises that the call had no effect; after any
// other error it may have had one. Each method says more.
//
// # Rights
//
// Everybody may do everything with what the recipes make, as long as [WithACL] does not say
// otherwise. What a server refuses is no riddle of the network: the call fails at once, and the
// error says which request of what znode it was ([Refusal]). Close, too, fails then
// instead of waiting; what it could not remove is tried until the session is closed, as
// rights may come back.
//
//	err := conn.AddAuth("digest", []byte("app:secret"))
//	s := recipes.NewClient(conn, events, timeout, recipes.WithACL(zk.DigestACL(zk.PermAll, "app", "secret")...))
//
// # What goes on
//
// [Session.Stats] counts what the recipes of a session do, retries and lost holds among it, and
// [WithLogger] has a log/slog.Logger told of what is out of the ordinary.
//
// # Sessions
//
// A znode counts as ours only if its ephemeralOwner is the session in which the
// operation began: go-zookeeper keeps requests while it is disconnected, so a
// create asked for in one session can be carried out in the next. Such late
// births are detected and removed.
//
// Holds (of a lock, of leadership, and the like) end with their session. A holder is told by
// the channel Lost, which closes when the session is gone or when no quorum has
// answered it for one session time-out, measured from when the last answered
// request was sent: from then on the servers may have given the hold away. No
// client can do better than that. What runs under Do, as [Lock.Do], has a context
// that ends with the hold, so that most programs need not look at Lost. The calls of *zk.Conn
// take no context, and can wait for a server for longer than the hold lasts; [Session.Get] and
// [Session.Multi] end with it. A process that is stopped (or a machine that sleeps) for longer
// than its session's time-out can act on a lock that it no longer has. Where that matters, hand
// the fencing token ([Fence]) to the resource and let it refuse lower ones, or write to
// ZooKeeper itself by [Session.Multi], which checks in the same multi that the hold lasts.
package recipes
