import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class IndependenceTest extends CacheFixture {

    private final TestClock otherClock = new TestClock();
    private final Cache<Object> other = new Cache<>(10, TTL, otherClock);

    @Test
    void cachesShareNoEntries() {
        cache.set("a", 1);

        assertNull(other.get("a"));
        assertEquals(0, other.size());
    }

    @Test
    void cachesShareNoLoads() {
        var answer = new CompletableFuture<Object>();

        var load = cache.load("a", key -> answer);

        assertEquals(2, valueOf(other.load("a", giving(2))));
        answer.complete(1);
        assertEquals(1, valueOf(load));
    }

    @Test
    void eachCacheHasItsOwnClock() {
        cache.set("a", 1);
        other.set("a", 1);

        clock.advance(TTL);

        assertNull(cache.get("a"));
        assertEquals(1, other.get("a"));
    }

    @Test
    void eachCacheHasItsOwnCapacityAndTtl() {
        new Cache<>(1, MOMENT, clock);

        cache.set("a", 1);
        cache.set("b", 2);
        clock.advance(MOMENT);

        assertEquals(List.of("a", "b"), present(cache, "a", "b"));
    }
}
