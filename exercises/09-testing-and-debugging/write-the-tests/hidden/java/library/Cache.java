import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Stands in for the learner's cache. Which cache it is, right or broken, is chosen by its name when the process starts,
 * so that a suite is compiled once for all of them.
 */
public final class Cache<V> {

    public static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

    // A property comes first, so that one process can try several caches, each in a class loader of its own.
    private static final String VARIANT = System.getProperty("CACHE_VARIANT",
            Objects.requireNonNullElse(System.getenv("CACHE_VARIANT"), "as-given"));

    private final CacheVariant<V> variant;

    public Cache(int capacity, Duration ttl, InstantSource now) {
        variant = switch (VARIANT) {
            case "as-given" -> new CacheAsGiven<>(capacity, ttl, now);
            case "jumping-clock" -> new CacheAsGiven<>(capacity, ttl, CacheJumpingClock.of(now));
            case "slow-machine" -> new CacheSlowMachine<>(capacity, ttl, now);
            case "linked-list" -> new CacheLinkedList<>(capacity, ttl, now);
            case "sorted-array" -> new CacheSortedArray<>(capacity, ttl, now);
            default -> new CacheMutant<>(VARIANT, capacity, ttl, now);
        };
    }

    public int size() {
        return variant.size();
    }

    public V get(String key) {
        return variant.get(key);
    }

    public void set(String key, V value) {
        variant.set(key, value, null);
    }

    public void set(String key, V value, Duration ttl) {
        variant.set(key, value, Objects.requireNonNull(ttl));
    }

    public boolean delete(String key) {
        return variant.delete(key);
    }

    public CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader) {
        return variant.load(key, loader);
    }
}
