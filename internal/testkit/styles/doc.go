// Package styles has correct recipes in different styles, written only against the contracts; no check
// may accuse them.
//
// The recipes of package recipes share one style, so checks that are tried only on them may come to
// rely on it. Real programs have other styles, and each recipe here has one or more of these:
//
//   - own connection: it opens sessions of its own through Client.Dial, one for each object or one for
//     all objects of a client, or by Client.Connect, one for each hold, which several goroutines close;
//   - polling: it sets no watches;
//   - no line: contenders race for one znode, and nobody stands in line;
//   - names: items have names instead of numbers, and the czxid gives their order;
//   - clean-up: a process that starts removes what the last process of its seat left behind;
//   - multi: requests are bound to what they rely on by multis.
//
// Package wrong has mended recipes, which no check may accuse either: of locks, groups and services, job queues, counters
// and others. There are no more of these: others reached no rule of a check that these do not reach as well.
//
// Three ideas make them right. Names that are deleted by path are used only once (life.name), so a
// request that arrives late, or that is sent again, can only hit its own znode. A znode with a fixed
// name is created and deleted together with a mark that has such a name (claim). And each call
// remembers in which session it began (session): go-zookeeper may send a request in the next one.
package styles
