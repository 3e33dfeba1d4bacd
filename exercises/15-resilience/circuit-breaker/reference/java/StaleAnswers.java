import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The last good answers by path and query. The ones refreshed longest ago go first, so that memory stays bounded. */
final class StaleAnswers {
    private static final int CAPACITY = 1000;

    private final Map<String, Answer> answers = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Answer> eldest) {
            return size() > CAPACITY;
        }
    };

    synchronized Optional<Answer> get(String target) {
        return Optional.ofNullable(answers.get(target));
    }

    synchronized void remember(String target, Answer answer) {
        answers.remove(target); // the map keeps the order of insertion: this moves the target to the end
        answers.put(target, answer.with("x-stale", "true"));
    }
}
