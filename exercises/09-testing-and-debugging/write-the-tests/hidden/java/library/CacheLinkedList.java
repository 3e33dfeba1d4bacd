import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * A right cache, built differently: a doubly linked list with the ends of lives instead of their lengths, other messages,
 * the clock asked often, a future of its own for each load.
 */
final class CacheLinkedList<V> implements CacheVariant<V> {

    private static final class Node<V> {
        final String key;
        final V value;
        /** {@code null}: never. */
        final Instant end;
        Node<V> older = this;
        Node<V> newer = this;

        Node(String key, V value, Instant end) {
            this.key = key;
            this.value = value;
            this.end = end;
        }

        void unlink() {
            older.newer = newer;
            newer.older = older;
        }

        void linkBefore(Node<V> other) {
            newer = other;
            older = other.older;
            older.newer = this;
            other.older = this;
        }
    }

    private final int capacity;
    private final Duration ttl;
    private final InstantSource now;
    private final Node<V> head = new Node<>("", null, null);
    private final Map<String, Node<V>> nodes = new HashMap<>();
    private final Map<String, CompletableFuture<V>> pending = new HashMap<>();

    CacheLinkedList(int capacity, Duration ttl, InstantSource now) {
        requireLife(ttl);
        if (capacity <= 0) {
            throw new IllegalArgumentException("Not a capacity: " + capacity);
        }
        this.capacity = capacity;
        this.ttl = ttl;
        this.now = now;
    }

    @Override
    public synchronized int size() {
        var living = 0;
        for (var node = head.newer; node != head; node = node.newer) {
            if (isAlive(node)) {
                living++;
            }
        }
        return living;
    }

    @Override
    public synchronized V get(String key) {
        var node = living(key);
        return node == null ? null : touch(node).value;
    }

    @Override
    public synchronized void set(String key, V value, Duration own) {
        if (own != null) {
            requireLife(own);
        }
        pending.remove(key);
        put(key, value, own == null ? ttl : own);
    }

    @Override
    public synchronized boolean delete(String key) {
        pending.remove(key);
        var node = living(key);
        if (node != null) {
            drop(node);
        }
        return node != null;
    }

    @Override
    public CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader) {
        CompletableFuture<V> run;
        boolean mine;
        synchronized (this) {
            var node = living(key);
            if (node != null) {
                return CompletableFuture.completedFuture(touch(node).value);
            }
            var joined = pending.get(key);
            mine = joined == null;
            run = mine ? new CompletableFuture<>() : joined;
            if (mine) {
                pending.put(key, run);
            }
        }
        var answer = follow(run);
        if (mine) {
            call(loader, key).whenComplete((value, error) -> {
                synchronized (this) {
                    if (pending.remove(key, run) && error == null) {
                        put(key, value, ttl);
                    }
                }
                settle(run, value, error);
            });
        }
        return answer;
    }

    private static <V> CompletionStage<V> call(Function<String, ? extends CompletionStage<V>> loader, String key) {
        try {
            return loader.apply(key);
        } catch (Throwable error) {
            return CompletableFuture.failedFuture(error);
        }
    }

    private static <V> CompletableFuture<V> follow(CompletableFuture<V> run) {
        var answer = new CompletableFuture<V>();
        run.whenComplete((value, error) -> settle(answer, value, error));
        return answer;
    }

    private static <V> void settle(CompletableFuture<V> future, V value, Throwable error) {
        if (error == null) {
            future.complete(value);
        } else {
            future.completeExceptionally(error);
        }
    }

    private void put(String key, V value, Duration life) {
        var known = nodes.get(key);
        if (known != null) {
            drop(known);
        }
        if (nodes.size() >= capacity) {
            makeRoom();
        }
        var node = new Node<>(key, value, endOf(life));
        nodes.put(key, node);
        node.linkBefore(head);
    }

    private Instant endOf(Duration life) {
        var time = now.instant();
        var longest = Duration.between(time, Instant.MAX);
        return life.compareTo(longest) > 0 ? null : time.plus(life);
    }

    private void makeRoom() {
        var victim = head.newer;
        for (var node = victim; node != head; node = node.newer) {
            if (!isAlive(node)) {
                victim = node;
                break;
            }
        }
        drop(victim);
    }

    private boolean isAlive(Node<V> node) {
        return node.end == null || now.instant().isBefore(node.end);
    }

    private Node<V> living(String key) {
        var node = nodes.get(key);
        if (node == null || isAlive(node)) {
            return node;
        }
        drop(node);
        return null;
    }

    private Node<V> touch(Node<V> node) {
        node.unlink();
        node.linkBefore(head);
        return node;
    }

    private void drop(Node<V> node) {
        node.unlink();
        nodes.remove(node.key);
    }

    private static void requireLife(Duration ttl) {
        if (ttl.compareTo(Duration.ZERO) <= 0) {
            throw new IllegalArgumentException("Not a time to live: " + ttl);
        }
    }
}
