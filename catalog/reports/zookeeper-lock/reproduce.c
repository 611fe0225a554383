/*
 * The lock recipe in C takes a lock again that its client has unlocked.
 *
 * Usage: reproduce HOST:PORT
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <zookeeper.h>

#include <zoo_lock.h>

static zhandle_t *connected_to(const char *server) {
    zhandle_t *zh = zookeeper_init(server, NULL, 10000, NULL, NULL, 0);
    for (int i = 0; zh != NULL && i < 100; i++) {
        if (zoo_state(zh) == ZOO_CONNECTED_STATE) {
            return zh;
        }
        usleep(100000);
    }
    fprintf(stderr, "cannot connect to %s\n", server);
    exit(2);
}

static void want(int is, int wanted, const char *what) {
    if (is != wanted) {
        fprintf(stderr, "%s returned %d, want %d\n", what, is, wanted);
        exit(2);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: reproduce HOST:PORT\n");
        return 2;
    }
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    char path[64];
    snprintf(path, sizeof path, "/lock-%lld-%d", (long long)time(NULL), (int)getpid());
    zhandle_t *first = connected_to(argv[1]), *second = connected_to(argv[1]);
    zkr_lock_mutex_t holder, waiter;
    zkr_lock_init(&holder, first, path, &ZOO_OPEN_ACL_UNSAFE);
    zkr_lock_init(&waiter, second, path, &ZOO_OPEN_ACL_UNSAFE);

    want(zkr_lock_lock(&holder), 0, "the holder's zkr_lock_lock");
    want(zkr_lock_isowner(&holder), 1, "the holder's zkr_lock_isowner");
    want(zkr_lock_lock(&waiter), 0, "the waiter's zkr_lock_lock");
    want(zkr_lock_isowner(&waiter), 0, "the waiter's zkr_lock_isowner");
    want(zkr_lock_unlock(&waiter), 0, "the waiter's zkr_lock_unlock"); /* it gives up */
    want(zkr_lock_unlock(&holder), 0, "the holder's zkr_lock_unlock");

    sleep(2);
    struct String_vector names;
    want(zoo_get_children(first, path, 0, &names), ZOK, "zoo_get_children");
    printf("2 s after both clients have unlocked, %s has %d znodes", path, (int)names.count);
    for (int i = 0; i < names.count; i++) {
        printf(" %s", names.data[i]);
    }
    printf(", and the waiter %s the lock\n", zkr_lock_isowner(&waiter) ? "owns" : "does not own");
    if (names.count > 0 && zkr_lock_isowner(&waiter)) {
        printf("reproduced: a client that gave up and unlocked has the lock\n");
        return 1;
    }
    printf("not reproduced\n");
    return 0;
}
