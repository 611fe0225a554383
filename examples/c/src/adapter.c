/* An adapter that puts a lock in C, on ZooKeeper's own library for C, under zklab (docs/adapters.md).
 *
 *     gcc -DTHREADED -pthread -o lock adapter.c session.c lock.c -lzookeeper_mt -ljansson
 *     zklab conform ./lock
 *     zklab run lock --subject-command ./lock
 *
 * It needs Debian's libzookeeper-mt-dev and libjansson-dev. lock.c is the lock; another lock that has the functions of
 * lock.h takes its place. Each request runs on a thread of its own, so that lines are read while others wait. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"

enum { VERSION = 2 };

struct object {
	json_int_t number;
	struct lock *lock;
	json_int_t hold;        /* the id of the acquire; 0: none */
	struct session *holder; /* whose hold that is; a reference only if there is one */
	struct object *next;
};

struct request {
	json_int_t id;
	json_t *line;
	atomic_bool cancelled;
	struct request *next;
};

/* What an operation answers: a result, or an error. */
struct answer {
	json_t *ok;
	const char *code;
	const char *message;
	bool no_effect;
};

/* The client. All of it is under the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ends = PTHREAD_COND_INITIALIZER; /* of requests */
static struct session *session;
static char *servers;
static int timeout_ms;
static struct object *objects;
static struct request *running;

static void say(json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);

	flockfile(stdout);
	puts(text);
	fflush(stdout);
	funlockfile(stdout);
	free(text);
	json_decref(line);
}

static struct answer done(json_t *ok)
{
	return (struct answer){.ok = ok ? ok : json_object()};
}

/* A request that was not begun: it certainly had no effect. */
static struct answer refused(const char *code, const char *message)
{
	return (struct answer){.code = code, .message = message, .no_effect = true};
}

/* What a result of ZooKeeper's library means. */
static struct answer outcome(int result)
{
	static const struct {
		int result;
		const char *code;
	} codes[] = {
		{CANCELLED, "cancelled"}, {ZSESSIONEXPIRED, "session-expired"}, {ZSESSIONMOVED, "session-moved"},
		{ZCONNECTIONLOSS, "connection-loss"}, {ZOPERATIONTIMEOUT, "connection-loss"}, {ZCLOSING, "closing"},
		{ZNOAUTH, "no-auth"}, {ZNONODE, "no-node"},
	};

	if (result == ZOK)
		return done(NULL);
	if (result == NOT_HELD)
		return refused("error", "not held");
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].result == result)
			return (struct answer){.code = codes[i].code, .message = codes[i].code};
	return (struct answer){.code = "error", .message = zerror(result)};
}

static bool offers(const char *name)
{
	const char *const *offer = lock_offers;

	while (*offer && strcmp(*offer, name) != 0)
		offer++;
	return *offer;
}

static json_t *number64(int64_t number)
{
	return json_sprintf("0x%" PRIx64, (uint64_t)number);
}

/* Tells zklab that a hold is lost. The caller has the mutex. */
static void lose(struct object *o)
{
	if (offers("lost"))
		say(json_pack("{s:s, s:I, s:I}", "event", "lost", "object", o->number, "hold", o->hold));
	o->hold = 0;
	session_leave(o->holder);
}

static void ended(struct session *);

/* Loses the holds of a session that has expired, and begins another session. */
static void *renew(void *argument)
{
	struct session *old = argument;

	pthread_mutex_lock(&mutex);
	for (struct object *o = objects; o; o = o->next)
		if (o->hold && o->holder == old)
			lose(o);
	if (session == old) {
		session = session_begin(servers, timeout_ms, ended);
		session_leave(old);
	}
	pthread_mutex_unlock(&mutex);
	session_leave(old);
	return NULL;
}

/* The library's thread must not wait for the others, so another one does the work. */
static void ended(struct session *s)
{
	pthread_t thread;

	session_share(s);
	if (pthread_create(&thread, NULL, renew, s) == 0)
		pthread_detach(thread);
}

static struct session *current(void)
{
	pthread_mutex_lock(&mutex);
	struct session *s = session ? session_share(session) : NULL;
	pthread_mutex_unlock(&mutex);
	return s;
}

static struct answer open_client(struct request *r)
{
	json_t *list = json_object_get(r->line, "servers"), *server;
	size_t i;
	int result;

	if (json_integer_value(json_object_get(r->line, "version")) != VERSION)
		return refused("version", "this adapter speaks version 2");
	pthread_mutex_lock(&mutex);
	free(servers);
	servers = strdup("");
	json_array_foreach(list, i, server) {
		char *longer;
		if (asprintf(&longer, "%s%s%s", servers, *servers ? "," : "", json_string_value(server)) < 0)
			abort();
		free(servers);
		servers = longer;
	}
	timeout_ms = json_integer_value(json_object_get(r->line, "timeout_ms"));
	session = session_begin(servers, timeout_ms, ended);
	pthread_mutex_unlock(&mutex);
	struct session *s = current();
	if (!s)
		return refused("error", "the library refuses the servers");
	result = session_connected(s, &r->cancelled);
	session_leave(s);
	if (result == ZOK)
		return done(json_pack("{s:i, s:s, s:[s]}", "version", VERSION, "name", lock_name, "offers", "touch"));
	pthread_mutex_lock(&mutex);
	if (session)
		session_leave(session);
	session = NULL;
	pthread_mutex_unlock(&mutex);
	return outcome(result);
}

/* The object of a request, or NULL. */
static struct object *find(struct request *r)
{
	json_int_t number = json_integer_value(json_object_get(r->line, "object"));

	pthread_mutex_lock(&mutex);
	struct object *o = objects;
	while (o && o->number != number)
		o = o->next;
	pthread_mutex_unlock(&mutex);
	return o;
}

static struct answer make(struct request *r)
{
	const char *recipe = json_string_value(json_object_get(r->line, "recipe"));
	const char *path = json_string_value(json_object_get(r->line, "path"));

	if (!recipe || strcmp(recipe, "lock") != 0)
		return refused("unsupported", "it has locks only");
	if (!path)
		return refused("bad-request", "no path");
	struct object *o = calloc(1, sizeof *o);
	o->number = json_integer_value(json_object_get(r->line, "object"));
	o->lock = lock_new(path);
	pthread_mutex_lock(&mutex);
	o->next = objects;
	objects = o;
	pthread_mutex_unlock(&mutex);
	json_t *offers = json_array();
	for (const char *const *offer = lock_offers; *offer; offer++)
		json_array_append_new(offers, json_string(*offer));
	return done(json_pack("{s:o}", "offers", offers));
}

static struct answer acquire(struct object *o, struct request *r)
{
	struct session *s = current();
	struct grant g = {0};

	if (!s)
		return refused("closing", "there is no session");
	int result = lock_acquire(o->lock, s, &r->cancelled, &g);
	pthread_mutex_lock(&mutex);
	if (result == ZOK && session_expired(s))
		result = ZSESSIONEXPIRED; /* renew may have been here already, and found no hold */
	if (result == ZOK) {
		o->hold = r->id;
		o->holder = session_share(s);
	}
	pthread_mutex_unlock(&mutex);
	session_leave(s);
	if (result != ZOK)
		return outcome(result);
	json_t *value = json_object();
	if (offers("fence"))
		json_object_set_new(value, "token", number64(g.token));
	if (offers("session"))
		json_object_set_new(value, "session", number64(g.session));
	return done(json_pack("{s:o}", "value", value));
}

static struct answer release(struct object *o, struct request *r)
{
	pthread_mutex_lock(&mutex);
	struct session *s = o->hold ? o->holder : NULL;
	o->hold = 0;
	pthread_mutex_unlock(&mutex);
	if (!s)
		return outcome(NOT_HELD);
	int result = lock_release(o->lock, s, &r->cancelled);
	session_leave(s);
	return outcome(result);
}

static struct answer confirm(struct object *o, struct request *r)
{
	(void)r;
	pthread_mutex_lock(&mutex);
	bool held = o->hold != 0;
	pthread_mutex_unlock(&mutex);
	return done(json_pack("{s:{s:b}}", "value", "held", held));
}

static struct answer call(struct request *r)
{
	static const struct {
		const char *name;
		struct answer (*function)(struct object *, struct request *);
	} operations[] = {{"acquire", acquire}, {"release", release}, {"confirm", confirm}};
	const char *name = json_string_value(json_object_get(r->line, "operation"));
	struct object *o = find(r);

	if (!o || !name)
		return refused("bad-request", "no such object, or no operation");
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (strcmp(operations[i].name, name) == 0)
			return operations[i].function(o, r);
	return refused("unknown-op", "a lock knows no such operation");
}

static struct answer touch(struct request *r)
{
	const char *path = json_string_value(json_object_get(r->line, "path"));
	struct session *s = current();

	if (!s)
		return refused("closing", "there is no session");
	int result = path ? session_fence(s, path) : ZBADARGUMENTS;
	session_leave(s);
	return outcome(result);
}

/* Takes an object out of the list, gives its hold back and frees it. */
static void drop(struct object *o, struct request *r)
{
	pthread_mutex_lock(&mutex);
	struct object **place = &objects;
	while (*place != o)
		place = &(*place)->next;
	*place = o->next;
	pthread_mutex_unlock(&mutex);
	release(o, r);
	lock_free(o->lock);
	free(o);
}

static struct answer close_object(struct request *r)
{
	struct object *o = find(r);

	if (!o)
		return refused("bad-request", "no such object");
	drop(o, r);
	return done(NULL);
}

/* Ends all objects, and then the session: that ends the holds. */
static void quit(void)
{
	pthread_mutex_lock(&mutex);
	for (struct request *other = running; other; other = other->next)
		other->cancelled = true;
	while (running)
		pthread_cond_wait(&ends, &mutex);
	struct session *s = session;
	session = NULL;
	while (objects) {
		struct object *o = objects;
		objects = o->next;
		if (o->hold)
			session_leave(o->holder);
		lock_free(o->lock);
		free(o);
	}
	pthread_mutex_unlock(&mutex);
	if (s)
		session_leave(s);
}

static void reply(json_int_t id, struct answer a)
{
	json_t *line = json_pack("{s:I}", "id", id);

	if (a.ok) {
		json_object_set_new(line, "ok", a.ok);
	} else {
		json_t *error = json_pack("{s:s, s:s}", "code", a.code, "message", a.message);
		if (a.no_effect)
			json_object_set_new(error, "no_effect", json_true());
		json_object_set_new(line, "error", error);
	}
	say(line);
}

/* Runs on a thread of its own. */
static void *serve(void *argument)
{
	static const struct {
		const char *name;
		struct answer (*function)(struct request *);
	} requests[] = {{"open", open_client}, {"make", make}, {"call", call}, {"touch", touch}, {"close", close_object}};
	struct request *r = argument;
	const char *op = json_string_value(json_object_get(r->line, "op"));
	struct answer a = refused("unknown-op", "there is no such request");

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		if (strcmp(requests[i].name, op) == 0)
			a = requests[i].function(r);
	reply(r->id, a);
	pthread_mutex_lock(&mutex);
	struct request **place = &running;
	while (*place != r)
		place = &(*place)->next;
	*place = r->next;
	pthread_cond_broadcast(&ends);
	pthread_mutex_unlock(&mutex);
	json_decref(r->line);
	free(r);
	return NULL;
}

/* The line is the thread's from now on. */
static void start(json_int_t id, json_t *line)
{
	struct request *r = calloc(1, sizeof *r);
	pthread_t thread;

	r->id = id;
	r->line = line;
	pthread_mutex_lock(&mutex);
	r->next = running;
	running = r;
	pthread_mutex_unlock(&mutex);
	if (pthread_create(&thread, NULL, serve, r) != 0)
		abort();
	pthread_detach(thread);
}

static void cancel(json_int_t id)
{
	pthread_mutex_lock(&mutex);
	for (struct request *r = running; r; r = r->next)
		if (r->id == id)
			r->cancelled = true;
	pthread_mutex_unlock(&mutex);
}

int main(void)
{
	char *text = NULL;
	size_t room = 0;

	zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
	zoo_deterministic_conn_order(1); /* zklab says where to begin */
	while (getline(&text, &room, stdin) > 0) {
		json_t *line = json_loads(text, 0, NULL);
		const char *op = json_string_value(json_object_get(line, "op"));
		json_int_t id = json_integer_value(json_object_get(line, "id"));
		if (!op || !json_is_integer(json_object_get(line, "id"))) {
			say(json_pack("{s:{s:s, s:s, s:b}}", "error", "code", "bad-request", "message", "no request", "no_effect", 1));
		} else if (strcmp(op, "ping") == 0) {
			reply(id, done(NULL));
		} else if (strcmp(op, "cancel") == 0) {
			cancel(id);
		} else if (strcmp(op, "quit") == 0) {
			quit();
			reply(id, done(NULL));
		} else {
			start(id, line);
			line = NULL;
		}
		json_decref(line);
	}
	free(text);
	quit();
	return 0;
}
