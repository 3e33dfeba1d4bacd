import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * The broken caches. Each is the cache of the starter but for one promise, where {@link #is} asks for its name. Without
 * any of these questions the class is a right cache.
 */
final class CacheMutant<V> implements CacheVariant<V> {

    private static final Map<String, CompletableFuture<?>> SHARED_LOADS = new HashMap<>();
    private static InstantSource sharedClock;
    private static int sharedCapacity;
    private static Duration sharedTtl;

    private final String mutant;
    private final int capacity;
    private final InstantSource now;
    private Duration ttl;

    // In the order of use, the least recent first: whoever uses an entry puts it at the end.
    private final Map<String, Entry<V>> entries = new LinkedHashMap<>();
    private final Map<String, CompletableFuture<V>> loads;

    private final Map<String, Duration> lives = new HashMap<>();
    private final Set<CompletableFuture<V>> overtaken = new HashSet<>();
    private CompletableFuture<?> queue = CompletableFuture.completedFuture(null);
    private int overwritten;

    private record Entry<V>(V value, Instant stored, Duration ttl) {
    }

    @SuppressWarnings("unchecked")
    CacheMutant(String mutant, int capacity, Duration ttl, InstantSource now) {
        this.mutant = mutant;
        var tooSmall = is("capacity-zero") ? capacity < 0 : is("capacity-negative") ? capacity == 0 : capacity < 1;
        if (tooSmall) {
            throw wrong("capacity must be at least 1");
        }
        checkTtl(ttl);
        this.capacity = capacity;
        this.ttl = ttl;
        this.now = now;
        sharedCapacity = capacity;
        sharedTtl = ttl;
        sharedClock = now;
        loads = is("shared-loads")
                ? (Map<String, CompletableFuture<V>>) (Map<String, ?>) SHARED_LOADS
                : new HashMap<>();
    }

    @Override
    public synchronized int size() {
        removeExpired();
        return entries.size() + (is("size-counts-sets") ? overwritten : 0);
    }

    @Override
    public synchronized V get(String key) {
        Entry<V> entry;
        if (is("get-is-no-use")) {
            removeExpired();
            entry = entries.get(key);
        } else {
            entry = find(key);
        }
        return entry == null ? null : entry.value();
    }

    @Override
    public synchronized void set(String key, V value, Duration own) {
        var standard = is("own-ttl-stays-with-the-key") ? lives.getOrDefault(key, ttl()) : ttl();
        var life = own == null ? standard : own;
        if (is("checks-too-late")) {
            loads.remove(key);
            entries.remove(key);
        }
        checkTtl(life);
        if (!is("late-value-overwrites-set")) {
            loads.remove(key);
        }
        lives.put(key, life);
        if (is("own-ttl-for-all")) {
            ttl = life;
        }
        if (is("own-ttl-only-prolongs") && life.compareTo(ttl) < 0
                || is("own-ttl-only-shortens") && life.compareTo(ttl) > 0) {
            life = ttl;
        }
        if (is("first-set-wins") && find(key) != null) {
            return;
        }
        store(key, value, life);
    }

    @Override
    public synchronized boolean delete(String key) {
        if (is("tidies-up-to-the-first")) {
            loads.remove(key);
            return find(key) != null && entries.remove(key) != null;
        }
        if (!is("delete-finds-expired")) {
            removeExpired();
        }
        if (is("joins-the-overtaken-load")) {
            overtaken.add(loads.get(key));
        } else if (!is("late-value-undoes-delete")) {
            loads.remove(key);
        }
        if (is("delete-does-nothing")) {
            return entries.containsKey(key);
        }
        var removed = entries.remove(key) != null;
        return removed && !is("delete-says-false");
    }

    @Override
    public CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader) {
        synchronized (this) {
            Entry<V> entry;
            if (is("load-is-no-use")) {
                removeExpired();
                entry = entries.get(key);
            } else {
                entry = find(key);
            }
            var counts = !(is("load-mistrusts-falsy") && entry != null && entry.value() == null)
                    && !(is("promise-is-an-entry") && loads.containsKey(key));
            if (entry != null && counts) {
                return CompletableFuture.completedFuture(entry.value());
            }
            var running = loads.get(key);
            if (running != null && !is("every-load-calls")) {
                return is("joined-load-gets-no-error") ? running.exceptionally(error -> null) : running;
            }
        }
        return start(key, loader);
    }

    private CompletableFuture<V> start(String key, Function<String, ? extends CompletionStage<V>> loader) {
        var load = new CompletableFuture<V>();
        var begin = now().instant();
        CompletableFuture<?> previous;
        synchronized (this) {
            previous = is("one-load-for-all-keys") && !loads.isEmpty() ? queue : null;
            queue = load.handle((value, error) -> null);
            loads.put(key, load);
            if (is("promise-is-an-entry")) {
                @SuppressWarnings("unchecked")
                var placeholder = (V) load;
                store(key, placeholder, ttl());
            }
        }
        var argument = is("loader-gets-no-key") ? null : key;
        try {
            CompletionStage<V> call = previous == null
                    ? loader.apply(argument)
                    : previous.thenCompose(done -> loader.apply(argument));
            call.whenComplete((value, error) -> finish(key, load, begin, value, error));
        } catch (Throwable error) {
            if (is("load-throws")) {
                synchronized (this) {
                    loads.remove(key, load);
                }
                throw error;
            }
            finish(key, load, begin, null, error);
        }
        return load;
    }

    private void finish(String key, CompletableFuture<V> load, Instant begin, V value, Throwable error) {
        boolean current;
        synchronized (this) {
            var remembered = is("failure-is-remembered") && error != null;
            current = remembered ? loads.get(key) == load : loads.remove(key, load);
            if (is("old-load-ends-the-new") && error == null) {
                loads.remove(key);
            }
            if (error == null && current && !overtaken.contains(load)) {
                storeLoaded(key, value, begin);
            }
            if (error != null && (is("late-failure-removes") && !current || is("promise-is-an-entry") && current)) {
                entries.remove(key);
            }
        }
        if (error != null) {
            var wrapped = new RuntimeException(error.getMessage(), error);
            load.completeExceptionally(is("failure-is-wrapped") ? wrapped : error);
        } else if (is("overtaken-load-rejects") && !current) {
            load.completeExceptionally(new IllegalStateException("the load was cancelled"));
        } else {
            load.complete(value);
        }
    }

    private void storeLoaded(String key, V value, Instant begin) {
        if (is("load-ignores-capacity")) {
            entries.put(key, new Entry<>(value, now().instant(), ttl()));
        } else {
            store(key, value, ttl());
            if (is("life-begins-with-the-load")) {
                entries.put(key, new Entry<>(value, begin, ttl()));
            }
        }
    }

    private Entry<V> find(String key) {
        removeExpired();
        var entry = entries.remove(key);
        if (entry == null || is("tidies-up-to-the-first") && isExpired(entry)) {
            return null;
        }
        entries.put(key, is("reading-prolongs") ? new Entry<>(entry.value(), now().instant(), entry.ttl()) : entry);
        return entry;
    }

    private void store(String key, V value, Duration life) {
        if (!is("expired-takes-room")) {
            removeExpired();
        }
        if (is("forgets-everything") || is("empty-key") && key.isEmpty()) {
            return;
        }
        var old = entries.get(key);
        if (old != null) {
            overwritten++;
        }
        if (!is("evicts-on-overwrite") && !is("set-is-no-use")) {
            entries.remove(key);
        }
        if (is("falsy-is-nothing") && value == null) {
            return;
        }
        if (!(is("set-is-no-use") && old != null)) {
            makeRoom();
        }
        if (is("evicts-on-overwrite")) {
            entries.remove(key);
        }
        var stored = is("copies-values") ? CacheCopies.copy(value) : value;
        entries.put(key, is("setting-keeps-the-old-life") && old != null
                ? new Entry<>(stored, old.stored(), old.ttl())
                : new Entry<>(stored, now().instant(), life));
    }

    private void makeRoom() {
        int most = is("shared-options") ? sharedCapacity : capacity;
        if (is("holds-one-less")) {
            most = Math.max(most - 1, 1);
        }
        if (is("holds-one-more")) {
            most++;
        }
        if (is("evicts-everything") && entries.size() >= most) {
            entries.clear();
        }
        for (var keys = entries.keySet().iterator(); entries.size() >= most && keys.hasNext();) {
            keys.next();
            keys.remove();
        }
    }

    private void removeExpired() {
        for (var each = entries.values().iterator(); each.hasNext();) {
            if (isExpired(each.next())) {
                each.remove();
            } else if (is("tidies-up-to-the-first")) {
                return;
            }
        }
    }

    private boolean isExpired(Entry<V> entry) {
        var age = Duration.between(entry.stored(), now().instant());
        if (is("dies-a-moment-early")) {
            age = age.plusMillis(1);
        }
        var difference = age.compareTo(entry.ttl());
        return is("alive-at-the-end") ? difference > 0 : difference >= 0;
    }

    private void checkTtl(Duration ttl) {
        var none = ttl.isZero() && !is("ttl-zero");
        var negative = ttl.isNegative() && !is("ttl-negative");
        if (none || negative || is("ttl-infinity-is-refused") && ttl.equals(Cache.FOREVER)) {
            throw wrong("ttl must be greater than zero");
        }
    }

    private RuntimeException wrong(String message) {
        return is("another-error") ? new IllegalStateException(message) : new IllegalArgumentException(message);
    }

    private InstantSource now() {
        return is("shared-clock") ? sharedClock : now;
    }

    private Duration ttl() {
        return is("shared-options") ? sharedTtl : ttl;
    }

    private boolean is(String name) {
        return name.equals(mutant);
    }
}
