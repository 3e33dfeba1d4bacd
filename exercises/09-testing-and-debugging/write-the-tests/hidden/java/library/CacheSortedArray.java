import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;

/** A right cache, built differently: an array list, searched from end to end, and one future for all who wait. */
final class CacheSortedArray<V> implements CacheVariant<V> {

    private record Row<V>(String key, V value, Instant stored, Duration life) {
    }

    private static final class Load<V> {
        final String key;
        final CompletableFuture<V> future = new CompletableFuture<>();
        boolean overtaken;

        Load(String key) {
            this.key = key;
        }
    }

    private final int capacity;
    private final Duration ttl;
    private final InstantSource now;
    // Most recently used first.
    private final List<Row<V>> rows = new ArrayList<>();
    private final List<Load<V>> running = new ArrayList<>();

    CacheSortedArray(int capacity, Duration ttl, InstantSource now) {
        var wrong = (capacity >= 1 ? "" : "capacity?") + (isPositive(ttl) ? "" : "ttl?");
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException(wrong);
        }
        this.capacity = capacity;
        this.ttl = ttl;
        this.now = now;
    }

    @Override
    public synchronized int size() {
        return living().size();
    }

    @Override
    public synchronized V get(String key) {
        var row = use(key);
        return row == null ? null : row.value();
    }

    @Override
    public synchronized void set(String key, V value, Duration own) {
        var life = own == null ? ttl : own;
        if (!isPositive(life)) {
            throw new IllegalArgumentException();
        }
        overtake(key);
        put(key, value, life);
    }

    @Override
    public synchronized boolean delete(String key) {
        overtake(key);
        return living().removeIf(has(key));
    }

    @Override
    public CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader) {
        Load<V> load;
        synchronized (this) {
            var row = use(key);
            if (row != null) {
                return CompletableFuture.completedFuture(row.value());
            }
            for (var other : running) {
                if (other.key.equals(key) && !other.overtaken) {
                    return other.future;
                }
            }
            load = new Load<>(key);
            running.add(load);
        }
        CompletionStage<V> call;
        try {
            call = loader.apply(key);
        } catch (Throwable error) {
            call = CompletableFuture.failedFuture(error);
        }
        call.handle((value, error) -> end(load, value, error));
        return load.future;
    }

    private boolean end(Load<V> load, V value, Throwable error) {
        synchronized (this) {
            running.remove(load);
            if (error == null && !load.overtaken) {
                put(load.key, value, ttl);
            }
        }
        return error == null ? load.future.complete(value) : load.future.completeExceptionally(error);
    }

    private List<Row<V>> living() {
        rows.removeIf(row -> Duration.between(row.stored(), now.instant()).compareTo(row.life()) >= 0);
        return rows;
    }

    private Row<V> use(String key) {
        var found = living().stream().filter(has(key)).findFirst().orElse(null);
        if (found != null) {
            rows.removeIf(has(key));
            rows.add(0, found);
        }
        return found;
    }

    private void put(String key, V value, Duration life) {
        living().removeIf(has(key));
        rows.add(0, new Row<>(key, value, now.instant(), life));
        if (rows.size() > capacity) {
            rows.remove(rows.size() - 1);
        }
    }

    private void overtake(String key) {
        for (var load : running) {
            if (load.key.equals(key)) {
                load.overtaken = true;
            }
        }
    }

    private static <V> Predicate<Row<V>> has(String key) {
        return row -> row.key().equals(key);
    }

    private static boolean isPositive(Duration life) {
        return !life.isZero() && !life.isNegative();
    }
}
