import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.Stream;

/** What the tests share. Each test has a cache of its own, because JUnit makes a new instance for each. */
abstract class CacheFixture {

    static final Duration TTL = Duration.ofSeconds(1);
    static final Duration MOMENT = Duration.ofMillis(1);

    static final Function<String, CompletableFuture<Object>> UNEXPECTED =
            key -> fail("the loader of " + key + " was called");

    final TestClock clock = new TestClock();
    final Cache<Object> cache = cacheFor(10);
    final RuntimeException boom = new RuntimeException("boom");

    Cache<Object> cacheFor(int capacity) {
        return new Cache<>(capacity, TTL, clock);
    }

    /** A loader that is done at once. */
    static Function<String, CompletableFuture<Object>> giving(Object value) {
        return key -> CompletableFuture.completedFuture(value);
    }

    static List<String> present(Cache<Object> cache, String... keys) {
        return Stream.of(keys).filter(key -> cache.get(key) != null).toList();
    }

    /** Never waits: a load that is not done fails the test instead of hanging the suite. */
    static Object valueOf(CompletableFuture<Object> load) {
        assertTrue(load.isDone(), "the load is done");
        return load.join();
    }

    static Throwable errorOf(CompletableFuture<Object> load) {
        assertTrue(load.isDone(), "the load is done");
        return assertThrows(CompletionException.class, load::join).getCause();
    }
}
