import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** A cache of limited size whose entries expire. {@code null} is a value like others. */
public final class Cache<V> {

    /** A ttl with which an entry never expires: longer than the time between any two instants. */
    public static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

    private final int capacity;
    private final Duration ttl;
    private final InstantSource now;

    // In the order of access: the entry used least recently comes first.
    private final Map<String, Entry<V>> entries = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Entry<V>> eldest) {
            return size() > capacity;
        }
    };
    private final Map<String, CompletableFuture<V>> loads = new HashMap<>();

    private record Entry<V>(V value, Instant stored, Duration ttl) {
        // The sum of an instant and FOREVER is no instant, so the age is compared instead of the end.
        boolean isExpired(Instant time) {
            return Duration.between(stored, time).compareTo(ttl) >= 0;
        }
    }

    /**
     * @param capacity how many entries the cache holds at most
     * @param ttl how long an entry lives
     * @param now the clock; the cache knows no other
     */
    public Cache(int capacity, Duration ttl, InstantSource now) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be at least 1");
        }
        checkTtl(ttl);
        this.capacity = capacity;
        this.ttl = ttl;
        this.now = now;
    }

    /** Returns how many entries there are. */
    public synchronized int size() {
        removeExpired();
        return entries.size();
    }

    /** Returns the value, or {@code null} if there is none. */
    public synchronized V get(String key) {
        var entry = find(key);
        return entry == null ? null : entry.value();
    }

    public void set(String key, V value) {
        set(key, value, ttl);
    }

    /** Stores an entry with a ttl of its own. */
    public synchronized void set(String key, V value, Duration ttl) {
        checkTtl(ttl);
        loads.remove(key);
        store(key, value, ttl);
    }

    /** Removes an entry and returns whether there was one. */
    public synchronized boolean delete(String key) {
        removeExpired();
        loads.remove(key);
        return entries.remove(key) != null;
    }

    /** Returns the value that is there, or else the one that the loader's stage completes with, and stores that. */
    public CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader) {
        var load = new CompletableFuture<V>();
        synchronized (this) {
            var entry = find(key);
            if (entry != null) {
                return CompletableFuture.completedFuture(entry.value());
            }
            var running = loads.putIfAbsent(key, load);
            if (running != null) {
                return running;
            }
        }
        // Foreign code is called without the lock.
        try {
            loader.apply(key).whenComplete((value, error) -> finish(key, load, value, error));
        } catch (Throwable error) {
            finish(key, load, null, error);
        }
        return load;
    }

    private void finish(String key, CompletableFuture<V> load, V value, Throwable error) {
        synchronized (this) {
            // A load that set or delete has overtaken is no longer in loads and must leave the cache alone.
            if (loads.remove(key, load) && error == null) {
                store(key, value, ttl);
            }
        }
        if (error == null) {
            load.complete(value);
        } else {
            load.completeExceptionally(error);
        }
    }

    private Entry<V> find(String key) {
        removeExpired();
        return entries.get(key);
    }

    private void store(String key, V value, Duration ttl) {
        removeExpired();
        entries.put(key, new Entry<>(value, now.instant(), ttl));
    }

    private void removeExpired() {
        var time = now.instant();
        entries.values().removeIf(entry -> entry.isExpired(time));
    }

    private static void checkTtl(Duration ttl) {
        if (ttl.isZero() || ttl.isNegative()) {
            throw new IllegalArgumentException("ttl must be greater than zero");
        }
    }
}
