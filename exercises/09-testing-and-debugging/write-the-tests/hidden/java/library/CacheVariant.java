import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** What stands behind {@link Cache} in a run: a right cache or a broken one. */
interface CacheVariant<V> {

    int size();

    V get(String key);

    /** @param ttl that of this entry, or {@code null} for that of the cache */
    void set(String key, V value, Duration ttl);

    boolean delete(String key);

    CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader);
}
