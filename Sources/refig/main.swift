print("refig")
