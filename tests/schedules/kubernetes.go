// Prints, for each line of standard input (ZONE, FROM, TO in seconds, LINE, by tabs), when Kubernetes's
// cron library has it due.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		part := strings.Split(in.Text(), "\t")
		zone, _ := time.LoadLocation(part[0])
		from, _ := strconv.ParseInt(part[1], 10, 64)
		to, _ := strconv.ParseInt(part[2], 10, 64)
		schedule, err := cron.ParseStandard(part[3])
		if err != nil {
			fmt.Println("refused")
			continue
		}
		times := []string{}
		for at := time.Unix(from-1, 0).In(zone); ; {
			at = schedule.Next(at)
			if at.Unix() >= to || at.IsZero() {
				break
			}
			times = append(times, strconv.FormatInt(at.Unix(), 10))
		}
		fmt.Println(strings.Join(times, " "))
	}
}
