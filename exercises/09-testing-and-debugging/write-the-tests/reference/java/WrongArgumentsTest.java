import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrongArgumentsTest extends CacheFixture {

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void isNotACapacity(int capacity) {
        assertThrows(IllegalArgumentException.class, () -> cacheFor(capacity));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, -1_000_000_000})
    void isNotATtl(long nanoseconds) {
        var ttl = Duration.ofNanos(nanoseconds);
        var answer = new CompletableFuture<Object>();
        cache.set("a", 1);
        var load = cache.load("b", key -> answer);

        assertThrows(IllegalArgumentException.class, () -> new Cache<>(10, ttl, clock));
        assertThrows(IllegalArgumentException.class, () -> cache.set("a", 2, ttl));
        assertThrows(IllegalArgumentException.class, () -> cache.set("b", 2, ttl));

        answer.complete(3);
        assertEquals(3, valueOf(load));
        assertEquals(1, cache.get("a"));
        assertEquals(3, cache.get("b"));
    }
}
