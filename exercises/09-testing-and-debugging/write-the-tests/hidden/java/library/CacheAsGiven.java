import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** The cache of the starter. */
final class CacheAsGiven<V> implements CacheVariant<V> {

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

    CacheAsGiven(int capacity, Duration ttl, InstantSource now) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be at least 1");
        }
        checkTtl(ttl);
        this.capacity = capacity;
        this.ttl = ttl;
        this.now = now;
    }

    @Override
    public synchronized int size() {
        removeExpired();
        return entries.size();
    }

    @Override
    public synchronized V get(String key) {
        var entry = find(key);
        return entry == null ? null : entry.value();
    }

    @Override
    public synchronized void set(String key, V value, Duration own) {
        var life = own == null ? ttl : own;
        checkTtl(life);
        loads.remove(key);
        store(key, value, life);
    }

    @Override
    public synchronized boolean delete(String key) {
        removeExpired();
        loads.remove(key);
        return entries.remove(key) != null;
    }

    @Override
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
        try {
            loader.apply(key).whenComplete((value, error) -> finish(key, load, value, error));
        } catch (Throwable error) {
            finish(key, load, null, error);
        }
        return load;
    }

    private void finish(String key, CompletableFuture<V> load, V value, Throwable error) {
        synchronized (this) {
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

    private void store(String key, V value, Duration life) {
        removeExpired();
        entries.put(key, new Entry<>(value, now.instant(), life));
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
